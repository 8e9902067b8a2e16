"""Model artefact on disk: files, digests, golden rows. Imports neither reference nor fitting."""
