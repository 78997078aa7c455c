"""Cloud Scheduler, as far as jobs that call this local cloud over HTTP need it."""
