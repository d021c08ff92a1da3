"""`tenken signatures`: what security staff do with signatures, from the first line to the signed release."""
