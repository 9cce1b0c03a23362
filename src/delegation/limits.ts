/**
 * What following a delegation may cost. A value costs its owner a few cents, and may name any servers; whoever writes it
 * chooses what we ask, how often, and whom.
 */

/** Messages to nameservers for one question of a client, those for the names of nameservers included. An honest chain of
 * an alias and two signed zones takes seven; BIND stops at 50 (`max-query-count`), Unbound at 32 per target. */
export const MAX_QUERIES = 30

/** Names of nameservers whose addresses are looked up for one cut. NXNSAttack (CVE-2020-12662): a referral to hundreds of
 * names in a victim's zone becomes two queries each; BIND looks up no more than four or five at once, either. */
export const MAX_SERVER_NAMES = 4

/** The same for one question of a client, whatever cuts it passes. */
export const MAX_NAME_LOOKUPS = 8

/** Zones whose servers' names are below zones whose servers' names are below … */
export const MAX_NESTING = 4

/** Cuts passed on the way down from the value. Names have 127 labels; nobody delegates more than three deep. */
export const MAX_REFERRALS = 8

/** Aliases followed inside the zone. The chain of aliases of the whole question is bounded besides (`resolver/bit.ts`). */
export const MAX_ALIASES = 8

/** Addresses taken of one nameserver's name, and in all of one cut: the thirteen of the root are the most known. */
export const MAX_ADDRESSES_OF_SERVER = 4
export const MAX_ADDRESSES_OF_CUT = 13

/** Records of one message. Thousands fit into 64 KB, and take longer to go through than anybody else should wait; clients
 * read less than 200 addresses. */
export const MAX_RECORDS = 500

/** How far a message may expand. Attack: 500 records of names with 120 labels each, by pointers all but the first, come in
 * 10 KB, and each is compared and sorted label by label, 30 times for one question. Honest names have five labels. */
export const REPLY_LIMITS = { expandedLength: 128 * 1024, labels: 20 * MAX_RECORDS }

/** Nameservers of a referral that are taken note of; attacks name hundreds. */
export const MAX_SERVERS_OF_CUT = 26

/** Servers that may give a wrongly signed answer before it is believed that there is no better one. */
export const MAX_BOGUS_REPLIES = 3

/** Attempts under way at once for one message. */
export const MAX_PARALLEL_ATTEMPTS = 3

/**
 * Milliseconds for an answer from one server. It is long, for the next server is asked long before
 * (`ServerStatistics.patience`): a slow one may still be the first to answer.
 */
export const ATTEMPT_TIMEOUT_MS = 1_500

/** Milliseconds that names of nameservers may take together, and leave time to ask who is found. */
export const NAME_LOOKUP_TIMEOUT_MS = 2_500

/** Seconds that anything below a value is kept at the most: a new block may bring another delegation. */
export const MAX_TTL = 600

/** Questions under way below one Namecoin name: what many ask for is answered from the cache. */
export const MAX_QUESTIONS_OF_NAME = 50

/** Milliseconds after which a question that never said it was over is taken to be: twice what a client waits. */
export const QUESTION_LIFE_MS = 10_000

/** Labels below a cut at which a further cut is looked for, when an answer is not signed as the zone says. */
export const MAX_HIDDEN_CUTS = 4

/** Cuts kept, and servers remembered. A cut takes some 2 KB, a server 200 octets; but how much is for their owners to
 * choose, so there is a bound in octets, and one for the cuts below one Namecoin name: no wildcard pushes out the others'. */
export const MAX_CUTS = 2_000
export const MAX_CUTS_OCTETS = 16 * 1024 * 1024
export const MAX_CUTS_OF_NAME = 200

/** Octets of a zone's DNSKEY records that are kept. Those of more are fetched for each question: ten of RSA with 4,096 bits
 * fit, and what is not kept for one zone is room for others. */
export const MAX_KEYS_OCTETS = 6 * 1024

export const MAX_SERVERS = 10_000
