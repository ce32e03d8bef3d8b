"""What kind of device someone uses, from what its browser says of itself."""

from __future__ import annotations


def device_class_of(user_agent: str) -> str:
    """Return phone, tablet, desktop or robot; the records of shares and downloads say it (A-27)."""
    agent = user_agent.lower()
    if not agent or any(word in agent for word in ("bot", "spider", "crawl", "curl", "python")):
        return "robot"
    if "ipad" in agent or "tablet" in agent or ("android" in agent and "mobile" not in agent):
        return "tablet"
    if any(word in agent for word in ("mobile", "iphone", "android", "harmonyos")):
        return "phone"
    return "desktop"
