"""Cash drawers that hang on a receipt printer: the kick is a print job, the sensor is a wire that the printer shows."""
