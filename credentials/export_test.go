package credentials

// Drop is what the sender does to a grant that the service rejected.
func Drop(grant *Grant) { grant.entry.drop(grant) }
