// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one source of requests does, as plain data: when requests start, how long they are, and what
// is written on them. Filled by the scenario loader; turned into arrivals by makeStream()
// (stream.h). Seconds and requests per second throughout; the unit is in the name.
#include "engine/types/error.h"
#include "sim/traffic/spec/laws.h"
#include "sim/traffic/spec/trace_spec.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace penstock::sim {

// --- when: a process yields starts. A start is one request, one job, or one session. ---

struct PoissonProcess {
    double perSecond = 1;
};
struct GammaProcess { // renewal; cv is the coefficient of variation of the gaps
    double perSecond = 1;
    double cv = 1;
};
struct WeibullProcess { // renewal; shape < 1 is burstier than Poisson
    double perSecond = 1;
    double shape = 1;
};
struct ConstantProcess { // the first start comes one gap after the beginning
    double perSecond = 1;
};
// Starts at `perSecond` during "on", none during "off". Gaps within "on" have coefficient of
// variation gapCv (1: Poisson). Begins with "on".
struct OnOffProcess {
    double perSecond = 1;
    DurationLaw on = ExponentialSeconds{1};
    DurationLaw off = ExponentialSeconds{1};
    double gapCv = 1;
};
struct MmppState {
    double perSecond = 0;
    double meanSeconds = 1;          // exponential stay
    std::vector<double> nextWeights; // by state; empty: the others, all alike
};
struct MmppProcess { // Markov-modulated Poisson; begins in the first state
    std::vector<MmppState> states;
};
struct RateStep {
    double perSecond = 0;
    double seconds = 1;
};
struct StepsProcess { // Poisson at each step's rate in turn; after the last: again, or silence
    std::vector<RateStep> steps;
    bool repeat = false;
};
struct Lump {
    double atSeconds = 0;
    double count = 1; // starts at the same instant
};
struct LumpProcess {
    std::vector<Lump> lumps;
    double everySeconds = 0; // repeats all of them with this period; 0: once
};
// Each of `users` sends, waits for the end of its request, thinks, sends again. The first requests
// are spread evenly over `startOverSeconds`. One whose request is refused or fails thinks for at
// least `retryPauseSeconds`, or for as long as the answer's Retry-After says.
struct ClosedLoopProcess {
    double users = 1;
    DurationLaw think = ConstantSeconds{0};
    double startOverSeconds = 0;
    double retryPauseSeconds = 1; // above 0
};
// A recorded trace: its first row arrives at startSeconds. `asPoissonPerSecond` > 0 keeps the rows
// in order but replaces their times (poissonControl()).
struct TraceProcess {
    TraceSource source;
    double asPoissonPerSecond = 0;
};
using Process =
    std::variant<PoissonProcess, GammaProcess, WeibullProcess, ConstantProcess, OnOffProcess,
                 MmppProcess, StepsProcess, LumpProcess, ClosedLoopProcess, TraceProcess>;

// --- modulations multiply the rate; several multiply each other. Exact: by time change. They apply
// to every process with a rate, not to lump, closed_loop and trace. ---

// 24 factors, one an hour, or a cosine between a trough and `peakToTrough` times as much that peaks
// at peakHour (drawn through quarter-hour points). Scaled to a mean of 1 over the day.
struct DiurnalModulation {
    std::vector<double> hourly; // 24 values, or empty for the cosine
    double peakHour = 14;
    double peakToTrough = 1;
    double startHour = 0;    // hour of the day at the scenario's start
    bool interpolate = true; // hourly: straight lines between the hours' middles, or steps
};
struct WeekModulation { // 7 factors, Monday first, in steps; scaled to a mean of 1 over the week
    std::vector<double> daily;
    double startDay = 0; // 0 = Monday, may have a fraction
};
struct SpikeModulation { // factor during [at, at + for), with linear flanks of riseSeconds inside
    double atSeconds = 0;
    double forSeconds = 1;
    double factor = 2;
    double riseSeconds = 0;
    double everySeconds = 0; // 0: once
};
struct RampModulation { // fromFactor until fromSeconds, a straight line, toFactor from toSeconds on
    double fromSeconds = 0;
    double toSeconds = 1;
    double fromFactor = 0;
    double toFactor = 1;
};
using Modulation = std::variant<DiurnalModulation, WeekModulation, SpikeModulation, RampModulation>;
inline constexpr int kMaxModulations = 4;

// --- how long ---

// Prompt and output drawn together: a Gaussian copula with rank correlation `rankCorrelation`
// (Spearman's rho, -1..1).
struct DrawnLengths {
    LengthLaw prompt = ConstantLength{256};
    LengthLaw output = ConstantLength{128};
    double rankCorrelation = 0;
};
// Pairs of a recorded trace, in its order, from the top again after the end.
struct TraceLengths {
    TraceSource source;
};
// For a trace process, DrawnLengths only fills what the trace does not say (for instance the output
// of a batch input file).
using Lengths = std::variant<DrawnLengths, TraceLengths>;

// --- what is written on it ---

struct Job { // every start is a batch job of `size` messages
    LengthLaw size = ConstantLength{1};
    double messagesPerSecond = 0;      // how fast the job is submitted; 0: all at once
    std::optional<DurationLaw> window; // one deadline for the whole job, from its start
};
struct Sessions { // every start is a conversation of `turns` requests
    LengthLaw turns = ConstantLength{1};
    DurationLaw gap = ExponentialSeconds{10}; // from one turn's arrival to the next's
    bool carryHistory = true;                 // a turn's prompt contains the turns before it
    double maxContextTokens = 0;              // a longer history is forgotten whole; 0: no bound
};
struct SharedPrefix { // for instance system prompts
    double groups = 1;
    double zipfExponent = 0;                // popularity of group g ~ 1 / g^s; 0: all alike
    LengthLaw tokens = ConstantLength{512}; // drawn once a group
    double probability = 1;                 // of a request to have one
    bool added = true; // comes on top of the drawn prompt; else it is part of it
};
struct Weighted {
    std::string name;
    double weight = 1;
};
struct Tier {
    std::string name;
    double weight = 1;
    std::optional<int> priority; // overrides TrafficSpec::priorities
};
struct PriorityChoice {
    int priority = 0;
    double weight = 1;
};
struct LabelSet {
    std::vector<std::pair<std::string, std::string>> labels;
    double weight = 1;
};
struct Cancellation {
    double probability = 0;
    DurationLaw after = ConstantSeconds{0};
};

// `count` tenants tenant-1, tenant-2, ... with popularity 1 / rank^exponent.
std::vector<Weighted> zipfTenants(int count, double exponent);

struct TrafficSpec {
    std::string name = "source"; // for messages
    Process process = PoissonProcess{};
    std::vector<Modulation> modulations;
    double startSeconds = 0; // the process's own time begins here
    double stopSeconds = std::numeric_limits<double>::infinity(); // no arrival at or after it
    std::uint64_t maxArrivals = std::numeric_limits<std::uint64_t>::max();

    Lengths lengths;
    double maxTokens = 0;     // max_tokens on every request: longer outputs are cut to it; 0: none
    double maxTokensAtom = 0; // probability of an output that runs into max_tokens regardless
    std::optional<DurationLaw>
        deadlineAfter; // per request; absent: none. A job's window overrides.

    std::optional<Job> job;
    std::optional<Sessions> sessions;
    std::optional<SharedPrefix> prefix;
    std::vector<Weighted> tenants;
    std::vector<Tier> tiers;
    std::vector<PriorityChoice> priorities; // empty: 0
    std::vector<LabelSet> labels;
    Cancellation cancellation;
    double poisonProbability = 0;
    double malformedProbability = 0;
};

// What is wrong with a spec, in words: negative or absent rates, NaN, min above max, probabilities
// outside 0..1, parts that do not go together. Does not open files. Every bound is a fixed number
// in spec_checker.h, and its message names the field, the value and the range.
Status validate(const TrafficSpec& spec);
// The same of a trace alone.
Status validate(const TraceSource& trace);

} // namespace penstock::sim
