"""What is deployed at each of the seed's sizes, but for what keeps screens current. Pure data: change it here."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Shape:
    """A deployment. `node`: everything runs on so many instances of its own; without, on Fargate beside MSK."""

    name: str
    database: str
    database_gb: float
    replicas: int
    addresses: int
    waf: bool
    logs_gb: float
    log_gb: float
    node: str | None = None
    nodes: int = 0
    node_gb: float = 0.0
    broker: str | None = None
    cache: str | None = None
    nats: int = 0
    nat_gb: float = 0.0
    eks: bool = False
    multi_zone: bool = False


SMALL = Shape(
    name="small",
    node="t4g.medium",
    nodes=3,
    node_gb=20,
    database="db.t4g.micro",
    database_gb=20,
    replicas=0,
    addresses=5,
    waf=False,
    logs_gb=3,
    log_gb=10,
)
MEDIUM = Shape(
    name="medium",
    broker="kafka.t3.small",
    database="db.t4g.small",
    database_gb=50,
    replicas=1,
    cache="cache.t4g.micro",
    nats=1,
    nat_gb=50,
    addresses=4,
    waf=True,
    logs_gb=10,
    log_gb=50,
)
LARGE = replace(MEDIUM, name="large", database="db.t4g.medium", database_gb=100, nat_gb=100, logs_gb=20)
GUARDED = replace(
    LARGE, name="large, on EKS, in two zones, a NAT in each", eks=True, multi_zone=True, nats=3, addresses=6
)


def shape_for(restaurants: int) -> Shape:
    """Choose by size; the seed leaves 21 to 49 and 101 to 199 open, which go with the size below them."""
    if restaurants < 50:
        return SMALL
    return MEDIUM if restaurants < 200 else LARGE
