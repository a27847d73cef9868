"""Charts, one a file: plain data in, an Altair chart out, in one theme, with a unit on every axis."""
