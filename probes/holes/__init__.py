"""Item `holes`: known dangerous holes, by the signatures of the pack (inspection rules 4.3.4.2 (2))."""
