from huntkit.sources.kusto.complaints import gap, messages

# As Log Analytics documents a partial result.
PARTIAL = {
    "code": "PartialError",
    "message": "There were some errors when processing your query.",
    "details": [
        {
            "code": "EngineError",
            "message": "Something went wrong processing your query on the server.",
            "innererror": {
                "code": "-2133196797",
                "message": "The results of this query exceed the set limit of 500000 records, so "
                "not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003).",
                "severity": 2,
                "severityName": "Error",
            },
        }
    ],
}


def test_all_that_an_error_says_is_told_from_the_outside_in():
    said = messages(PARTIAL)
    assert said[0] == "There were some errors when processing your query."
    assert "500000 records" in said[2]
    assert messages(None) == messages({}) == []


def test_what_would_help_is_told_from_what_is_missing():
    assert gap(PARTIAL).helps == "shorter"
    other = gap({"code": "PartialError", "message": "workspace abc could not be reached"})
    assert (other.helps, other.reason) == ("again", "workspace abc could not be reached")
    assert gap(None).reason


def test_endless_nesting_is_cut():
    error: dict = {"message": "0"}
    for n in range(1, 100):
        error = {"message": str(n), "innererror": error}
    assert len(messages(error)) < 20
