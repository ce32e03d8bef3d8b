"""A provider of health data, and what it sent of the demo's patient."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from e2e.product import Product
from server import clients, clock, external_data
from server.clients import CallingClient, Scope
from server.external_data import AiFinding, AiResult, Measure, SensorObservation
from server.model import Account, Institution, Person

PROVIDER = "样例健康科技"


def send_health_data(product: Product, login: str) -> None:
    """Let a provider send three observations and one result, however often it is called."""
    cloud, now = product.cloud, clock.now()
    with cloud.database.session() as session:
        provider = session.scalar(select(Institution).where(Institution.name == PROVIDER))
        if provider is not None:
            return
        provider = Institution(
            code="91500000MA0000001X",
            name=PROVIDER,
            province_code="500000",
            province_name="重庆市",
        )
        session.add(provider)
        session.flush()
        made = clients.register(
            session,
            institution=provider,
            name="云",
            origins=[],
            scopes=[Scope.SENSOR_WRITE, Scope.HEALTH_AI_WRITE],
        )
        caller = CallingClient(
            made.client.client_id, provider.id, frozenset(), frozenset({Scope.SENSOR_WRITE})
        )
        account = session.scalars(select(Account).where(Account.login == login)).one()
        person = session.get_one(Person, account.person_id)
        seen = (
            (Measure.HEART_RATE, 72, "/min"),
            (Measure.OXYGEN_SATURATION, 98, "%"),
            (Measure.BODY_TEMPERATURE, 36.6, "Cel"),
        )
        observed = [
            SensorObservation(
                observation_id=f"O{number}",
                measure=measure,
                value=value,
                unit=unit,
                observed_at=now - timedelta(hours=number + 1),
                device="手环 B2",
            )
            for number, (measure, value, unit) in enumerate(seen)
        ]
        concluded = AiResult(
            result_id="R1",
            model_name="肺结节检出",
            model_version="2.1",
            registration_number="国械注准20233210001",
            conclusion="右肺上叶可疑实性小结节，建议 12 个月后复查。",
            findings=[AiFinding(label="实性结节，约 4 mm", probability=0.83)],
            produced_at=now - timedelta(hours=2),
        )
        external_data.receive(cloud, session, caller, person, observed, source="")
        external_data.receive(cloud, session, caller, person, [concluded], source="")
