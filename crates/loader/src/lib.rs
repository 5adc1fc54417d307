//! Figures, ledger, rejects and canonical rows into a destination, once, in one transaction.
