"""What can be known to be wrong with a document before it runs, and how near it is to each limit."""
