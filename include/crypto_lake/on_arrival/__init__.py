"""Price files dropped into raw/: read, cleaned to one schema, merged into one partition a day."""
