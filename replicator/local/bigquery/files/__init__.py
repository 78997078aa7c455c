"""Files of Cloud Storage as jobs and statements read and write them."""
