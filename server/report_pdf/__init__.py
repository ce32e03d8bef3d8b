"""The report as a PDF: A4, its letters embedded, its text selectable (A-43)."""

from server.report_pdf.sheets import ReportDocument, report_pdf

__all__ = ["ReportDocument", "report_pdf"]
