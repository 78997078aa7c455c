"""The Data Transfer Service, as far as dataset copies need it (data source ``cross_region_copy``)."""
