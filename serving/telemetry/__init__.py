"""Telemetry of the service.

Observer interface, Prometheus metrics, OpenTelemetry traces, tracing middleware. Low layer:
imports runtime and recommendation values only.
"""
