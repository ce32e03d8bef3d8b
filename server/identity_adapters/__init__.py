"""Who somebody is, asked of systems outside: the electronic health code (电子健康码) for patients,
the national electronic registration (电子化注册信息系统) for physicians (H-04).

Both are services of the region; docs/identity-adapters.md says what they are asked and answer.
"""

from server.identity_adapters.exchange import AdapterError, AdapterUnavailableError
from server.identity_adapters.files import (
    Adapter,
    Adapters,
    AdaptersFileError,
    PhysicianRegister,
    load_adapters,
)
from server.identity_adapters.health_code import id_number_of
from server.identity_adapters.physicians import Registered, look_up

__all__ = [
    "Adapter",
    "AdapterError",
    "AdapterUnavailableError",
    "Adapters",
    "AdaptersFileError",
    "PhysicianRegister",
    "Registered",
    "id_number_of",
    "load_adapters",
    "look_up",
]
