"""Protocols that turn each public set and the lake into labelled asks for a backtest."""
