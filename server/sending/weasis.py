"""The address that opens a study in Weasis, a viewer on the doctor's own machine (C-26).

Weasis (3.6 and later) registers the scheme `weasis`; what follows it is a percent-encoded command,
here `$dicom:rs`: fetch a study over DICOMweb with a header (weasis.org, "Weasis Web Protocol").
"""

from __future__ import annotations

from urllib.parse import quote_plus

from server.dicomweb.handoffs import Handoff

SCHEME = "weasis://"


def weasis_address(handoff: Handoff) -> str:
    """Return the address; whoever has it may fetch the study until the handoff's token ends."""
    command = (
        f'$dicom:rs --url "{handoff.dicomweb_url}" -r "studyUID={handoff.study_uid}"'
        f' -H "Authorization: Bearer {handoff.token}"'
    )
    return SCHEME + quote_plus(command)
