"""The whole job of musketer in other engines, and how they are measured and compared."""
