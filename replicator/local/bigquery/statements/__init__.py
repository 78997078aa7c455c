"""Statements and scripts: what is said in GoogleSQL beyond a query, and the order in which it is carried out."""
