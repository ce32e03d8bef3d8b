"""What each tissue measures: CT numbers (HU) without and with contrast, FDG uptake (SUV)."""

from __future__ import annotations

from collections.abc import Mapping

# tissue: (plain HU, arterial phase HU, SUV body weight)
_TABLE: Mapping[str, tuple[float, float, float]] = {
    "air": (-1000, -1000, 0.0),
    "table": (-740, -740, 0.0),
    "table_skin": (-180, -180, 0.0),
    "skin": (5, 15, 0.5),
    "fat": (-104, -102, 0.25),
    "visceral_fat": (-98, -94, 0.35),
    "muscle": (54, 64, 0.7),
    "lung": (-852, -848, 0.45),
    "fissure": (-690, -690, 0.5),
    "lung_vessel": (38, 265, 1.3),
    "bronchial_wall": (-120, -90, 0.8),
    "airway": (-985, -985, 0.1),
    "airway_wall": (25, 50, 0.9),
    "effusion": (8, 9, 0.6),
    "myocardium": (48, 112, 3.4),
    "left_blood": (41, 338, 1.7),
    "right_blood": (41, 300, 1.7),
    "aorta": (42, 345, 1.7),
    "pulmonary_artery": (42, 318, 1.7),
    "superior_vena_cava": (42, 520, 1.7),
    "inferior_vena_cava": (41, 95, 1.7),
    "calcification": (620, 640, 1.0),
    "oesophagus": (38, 55, 1.5),
    "thyroid": (108, 215, 1.2),
    "lymph_node": (36, 68, 1.6),
    "liver": (58, 76, 2.2),
    "liver_vein": (41, 60, 1.8),
    "portal_vein": (42, 112, 1.8),
    "gallbladder": (8, 9, 0.6),
    "gallbladder_wall": (32, 52, 1.0),
    "spleen": (50, 128, 1.9),
    "pancreas": (40, 102, 1.4),
    "kidney_cortex": (33, 192, 3.2),
    "kidney_medulla": (30, 82, 4.5),
    "renal_pelvis": (6, 8, 22.0),
    "cyst": (7, 8, 0.4),
    "adrenal": (28, 66, 1.1),
    "stomach_wall": (42, 84, 1.7),
    "stomach_fluid": (14, 15, 0.6),
    "bowel_wall": (38, 92, 1.9),
    "bowel_content": (22, 24, 1.2),
    "bowel_gas": (-960, -960, 0.2),
    "stool": (-35, -33, 1.0),
    "cortical_bone": (880, 885, 0.8),
    "rib_bone": (700, 705, 0.8),
    "cancellous_bone": (185, 198, 1.4),
    "cartilage": (112, 116, 0.6),
    "disc": (82, 86, 0.8),
    "spinal_fluid": (10, 10, 0.3),
    "spinal_cord": (36, 40, 1.6),
    "nodule": (34, 82, 7.8),
    "hemangioma": (36, 52, 2.1),
    "hemangioma_pool": (40, 262, 2.1),
    "metastasis": (32, 58, 9.5),
    "bone_metastasis": (410, 410, 6.8),
}

# How much more bone stops at the mean energy of a chest tube than its CT number says.
_BONE_AT_60_KEV = {"rib_bone": 2.6, "cortical_bone": 1.0, "cancellous_bone": 1.2, "cartilage": 0.3}


def hounsfield(contrast: bool) -> dict[str, float]:
    """Return CT numbers in HU, in the arterial phase when `contrast`."""
    return {name: row[1 if contrast else 0] for name, row in _TABLE.items()}


def attenuation() -> dict[str, float]:
    """Return linear attenuation relative to water for a chest radiograph (about 60 keV).

    Bone stops relatively more at this energy than its CT number says.
    """
    values = {}
    for name, (plain, _, _) in _TABLE.items():
        above = plain * _BONE_AT_60_KEV.get(name, 1.0)
        values[name] = max(0.0, 1 + above / 1000)
    values["disc"] = values["cancellous_bone"]
    values["table"] = values["table_skin"] = 0.0
    return values


def uptake() -> dict[str, float]:
    """Return standardised uptake values by body weight (g/ml), one hour after FDG."""
    return {name: row[2] for name, row in _TABLE.items()}
