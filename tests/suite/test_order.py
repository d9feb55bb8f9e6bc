from tests.order import spread


def test_each_worker_begins_with_its_share_of_what_takes_long() -> None:
    ordered = spread(["A", "B", "C"], list(range(9)), 3)
    assert ordered == ["A", 0, 1, 2, "B", 3, 4, 5, "C", 6, 7, 8]


def test_nothing_is_lost_however_few_there_are() -> None:
    for long in range(5):
        for others in range(8):
            for workers in range(1, 5):
                items = list(range(long + others))
                assert sorted(spread(items[:long], items[long:], workers)) == items
