"""One module a vendor, named as before the ":" in `onevec.load("vendor:model")`."""
