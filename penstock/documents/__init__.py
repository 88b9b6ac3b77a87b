"""The documents that the API and the command line return. Their names and shapes are public.

Each is a plain dictionary with a declared type: pydantic checks and describes it at the API, and the command line reads
it without pydantic.
"""
