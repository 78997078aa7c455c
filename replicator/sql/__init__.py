"""Every GoogleSQL statement that is sent: the one place where SQL text is made."""
