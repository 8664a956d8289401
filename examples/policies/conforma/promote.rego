# METADATA
# title: The deployment gate promotes
# description: >-
#   The gate promotes this release, by this contract, and its word is still good.
package gate

import rego.v1

result_type := "https://in-toto.io/attestation/test-result/v0.1"

summary_type := "https://slsa.dev/verification_summary/v1"

account_type := "urn:atum-desk-gate:account:v1"

statements(type) := [one.statement |
	some one in input.attestations
	one.statement.predicateType == type
]

wanted := data.rule_data

# METADATA
# title: Evidence is there
# custom:
#   short_name: evidence_missing
#   failure_msg: There is no statement of this type
#   solution: Hand in every line of evidence.intoto.jsonl
deny contains result if {
	some type in {result_type, summary_type, account_type}
	count(statements(type)) == 0
	result := {"code": "gate.evidence_missing", "msg": sprintf("There is no statement of the type %s", [type])}
}

# METADATA
# title: The summary passed
# custom:
#   short_name: summary_failed
#   failure_msg: The gate does not promote it
deny contains result if {
	some one in statements(summary_type)
	not passed(one.predicate)
	result := {"code": "gate.summary_failed", "msg": "The gate does not promote it by this contract"}
}

# METADATA
# title: No promise is broken
# custom:
#   short_name: promise_broken
#   failure_msg: A promise is broken, or was not told
deny contains result if {
	some one in statements(result_type)
	not kept(one.predicate)
	result := {"code": "gate.promise_broken", "msg": "A promise is broken, or was not told"}
}

# METADATA
# title: The account is whole
# custom:
#   short_name: account_not_whole
#   failure_msg: It is no whole account of this target at this moment
deny contains result if {
	some one in statements(account_type)
	not whole(one.predicate)
	result := {"code": "gate.account_not_whole", "msg": "It is no whole account of this target at this moment"}
}

# METADATA
# title: It is about this release
# custom:
#   short_name: other_release
#   failure_msg: A statement is about another commit
deny contains result if {
	some one in input.attestations
	not about(one.statement)
	result := {"code": "gate.other_release", "msg": "A statement is about another commit"}
}

# METADATA
# title: It is still good
# custom:
#   short_name: expired
#   failure_msg: Its time is over
deny contains result if {
	some one in statements(account_type)
	not good(one.predicate)
	result := {"code": "gate.expired", "msg": "Its time is over"}
}

passed(predicate) if {
	predicate.verificationResult == "PASSED"
	"GATE_PROMOTE" in predicate.verifiedLevels
	predicate.policy.digest.sha256 == wanted.contract
}

kept(predicate) if {
	predicate.result in {"PASSED", "WARNED"}
	predicate.failedTests == []
}

whole(predicate) if {
	predicate.verdict == "PROMOTE"
	predicate.exit_status == 0
	predicate.advise == false
	predicate.replayed == false
	predicate.inconclusive == []
	predicate.not_run == []
	predicate.target == wanted.target
	predicate.moment == wanted.moment
	predicate.contract.sha256 == wanted.contract
}

about(statement) if {
	some one in statement.subject
	one.digest.gitCommit == wanted.commit
}

good(predicate) if {
	now := time.now_ns()
	time.parse_rfc3339_ns(predicate.finished) <= now + 600000000000
	now <= time.parse_rfc3339_ns(predicate.valid_until)
}
