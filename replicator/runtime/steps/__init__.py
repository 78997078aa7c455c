"""What each kind of step does when it runs."""
