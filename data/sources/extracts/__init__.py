"""Site extracts: TOML mappings, and the reader of CSV and Parquet files. Imports contracts."""
