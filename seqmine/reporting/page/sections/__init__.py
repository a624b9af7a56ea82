"""The sections of the page, one file each: what a run left behind as words, tables and charts."""
