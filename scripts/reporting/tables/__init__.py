"""Make the tables, one a file by the name of the table; modules of parts that several share say what they hold."""
