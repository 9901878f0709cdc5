"""What is cooked where: venues, dishes with their modifiers, and the station that each dish goes to."""

from dataclasses import dataclass
from random import Random

ORGANIZATION = "friday-group"


@dataclass(frozen=True, slots=True)
class Dish:
    """A line of a menu. The price is in cents."""

    name: str
    price: int
    station: str
    modifiers: tuple[str, ...] = ()
    allergens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Venue:
    """One restaurant."""

    id: str
    name: str
    dishes: tuple[Dish, ...]


_PIZZERIA = (
    Dish("Margherita", 950, "oven", ("extra basil", "gluten-free base"), ("gluten", "milk")),
    Dish("Diavola", 1150, "oven", ("extra hot", "no onion"), ("gluten", "milk")),
    Dish("Quattro Formaggi", 1250, "oven", ("extra honey",), ("gluten", "milk")),
    Dish("Tagliatelle al ragù", 1290, "stove", ("no parmesan",), ("gluten", "egg")),
    Dish("Insalata mista", 650, "cold", ("dressing aside",)),
    Dish("Tiramisù", 590, "cold", (), ("egg", "milk")),
    Dish("Aperol Spritz", 750, "bar", ("no ice",)),
    Dish("Acqua 0.7", 420, "bar", ("sparkling", "still")),
)
_GRILL = (
    Dish("Cheeseburger", 1190, "grill", ("no pickles", "extra bacon", "well done"), ("gluten", "milk")),
    Dish("Halloumi burger", 1140, "grill", ("no mayo",), ("gluten", "milk")),
    Dish("Ribeye 300 g", 2890, "grill", ("rare", "medium", "well done")),
    Dish("Fries", 450, "fry", ("no salt", "extra mayo")),
    Dish("Onion rings", 520, "fry", (), ("gluten",)),
    Dish("Coleslaw", 380, "cold", (), ("egg",)),
    Dish("Lager 0.5", 560, "bar"),
    Dish("Lemonade", 390, "bar", ("no ice",)),
)
_NOODLES = (
    Dish("Tonkotsu ramen", 1390, "noodles", ("extra egg", "no spring onion"), ("gluten", "egg", "soy")),
    Dish("Pad thai", 1250, "wok", ("no peanuts", "extra hot"), ("peanut", "fish")),
    Dish("Bibimbap", 1290, "wok", ("no egg",), ("egg", "sesame")),
    Dish("Gyoza", 690, "fry", ("vegan",), ("gluten", "soy")),
    Dish("Summer rolls", 650, "cold", ("peanut sauce",), ("peanut",)),
    Dish("Iced jasmine tea", 420, "bar", ("less sugar",)),
)
_KITCHENS = (("trattoria", _PIZZERIA), ("grillhouse", _GRILL), ("noodle-bar", _NOODLES))
_WORDS_OF_STATIONS = {
    "tandoor": ("naan", "tandoori", "tikka", "kebab", "chapati", "roti", "paratha"),
    "fry": ("bhajee", "samosa", "fries", "puree", "pakora", "papadum", "chips"),
    "cold": ("chutney", "sauce", "salad", "raitha", "pickle"),
    "rice": ("rice", "biryani"),
    "bar": ("coke", "cola", "water", "beer", "lemonade", "bottle", "wine"),
}


def station_of(dish: str) -> str:
    """Say where a dish of a foreign menu is made, by its name."""
    lower = dish.lower()
    found = (station for station, words in _WORDS_OF_STATIONS.items() if any(word in lower for word in words))
    return next(found, "curry")


def venues(count: int) -> tuple[Venue, ...]:
    """Give so many venues, of three kinds of kitchen."""
    kinds = [_KITCHENS[number % len(_KITCHENS)] for number in range(count)]
    return tuple(Venue(f"{kind}-{number:02}", kind, dishes) for number, (kind, dishes) in enumerate(kinds, start=1))


def basket(random: Random, dishes: tuple[Dish, ...]) -> list[Dish]:
    """Choose what a table orders: one to six lines, three on average."""
    return random.choices(dishes, k=min(6, 1 + int(random.expovariate(0.5))))
