"""Create the tables of a report, each in a module of its name, and the parts that several of them share."""
