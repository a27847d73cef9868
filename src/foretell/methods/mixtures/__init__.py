"""Stage one of FLP-M: what every domain loss becomes at a size and a mixture."""
