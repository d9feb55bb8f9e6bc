"""LangGraph's official checkpoint savers, with a strict serializer and a fence."""
