"""The one room that knows the browser: worker entry, canvas, fetching."""
