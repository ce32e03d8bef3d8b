"""What keeping images for 15 and 30 years takes and costs, by class of storage (K-14, D-31)."""

from __future__ import annotations

from dataclasses import dataclass

OUTPATIENT_YEARS, INPATIENT_YEARS = 15, 30


@dataclass(frozen=True)
class Plan:
    """How images arrive and move: gigabytes a year, the share of inpatients (0 … 1), and how many
    years they lie in hot and then in warm storage before the cold."""

    yearly_gigabytes: float
    inpatient_share: float
    hot_years: int
    warm_years: int


@dataclass(frozen=True)
class Prices:
    """Yuan a gigabyte and year."""

    hot: float
    warm: float
    cold: float


@dataclass(frozen=True)
class TierCost:
    """What lies in one class once the first images reach the end of their retention."""

    tier: str
    gigabytes: float
    yearly_cost: float


def tiers(plan: Plan, prices: Prices) -> tuple[TierCost, ...]:
    """Return what each class holds in the steady state, when as much is deleted as arrives."""
    hot = _held(plan, 0, plan.hot_years)
    warm = _held(plan, plan.hot_years, plan.hot_years + plan.warm_years)
    cold = _held(plan, plan.hot_years + plan.warm_years, INPATIENT_YEARS)
    return (
        TierCost("hot", hot, hot * prices.hot),
        TierCost("warm", warm, warm * prices.warm),
        TierCost("cold", cold, cold * prices.cold),
    )


def _held(plan: Plan, since: int, until: int) -> float:
    """Return the gigabytes between two ages in years, of outpatients and inpatients."""

    def years(kept: int) -> int:
        return max(0, min(until, kept) - min(since, kept))

    inpatient = plan.inpatient_share * years(INPATIENT_YEARS)
    outpatient = (1 - plan.inpatient_share) * years(OUTPATIENT_YEARS)
    return plan.yearly_gigabytes * (inpatient + outpatient)
