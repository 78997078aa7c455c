"""What a pipeline wants to be there, what is there, and the changes from one to the other. Pure, no cloud."""
