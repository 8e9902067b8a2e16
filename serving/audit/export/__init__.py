"""Export of the audit log for auditors, with a manifest of control totals. Imports log only."""
