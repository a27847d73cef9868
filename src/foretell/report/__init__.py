"""Results, as plain data, told to people: text, charts, HTML. No arithmetic beyond formatting."""
