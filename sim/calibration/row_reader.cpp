// SPDX-License-Identifier: Apache-2.0
// Rows of a measured file as experiments. Columns are looked up by the names that published files
// use; a plan may map any others.
#include "engine/config/text/reader.h"
#include "sim/calibration/plan_reader.h"
#include "sim/calibration/table_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::sim {
namespace {

constexpr double kMostTokens = 1e7;
constexpr double kMostMs = 1e9;
constexpr std::size_t kSlices = 10;        // a log is judged in so many parts,
constexpr std::size_t kSliceRequests = 20; // of at least so many requests

// Keys of pool.replicas[] that a row may set for itself.
constexpr std::string_view kReplicaColumns[] = {
    "gpu",       "model",        "tp", "max_num_seqs",    "max_num_batched_tokens",
    "kv_blocks", "prefix_cache", "a0", "chunked_prefill", "reserve_full_prompt",
};

struct Column {
    const char* ours;
    std::initializer_list<std::string_view> names;
};
const Column kOffered{"offered_rps", {"offered_rps", "rate", "request_rate"}};
const Column kConcurrency{"concurrency", {"concurrency", "users"}};
const Column kSentNs{"arrival_time_ns", {"arrival_time_ns"}};
const Column kSent{"sent_s", {"queued_ts", "sent_s", "arrival_s", "arrival_time", "timestamp"}};
const Column kPrompt{
    "prompt_tokens",
    {"prompt_tokens", "prompt_tokens_mean", "isl", "input_toks", "input_tokens", "input_length"}};
const Column kOutput{
    "output_tokens",
    {"output_tokens", "output_tokens_mean", "osl", "output_toks", "output_length"}};
const Column kCompleted{"completed_rps", {"completed_rps", "throughput_rps"}};
const Column kTtft{"ttft_ms", {"ttft_ms", "ttft_mean_ms", "mean_ttft_ms"}};
const Column kTpot{"tpot_ms", {"tpot_ms", "tpot_mean_ms", "mean_tpot_ms"}};
const Column kE2e{"e2e_ms", {"e2e_ms", "e2e_mean_ms", "latency_ms", "mean_e2e_ms"}};
const Column kFirst{"first_token_ts", {"first_token_ts", "first_token_s"}};
const Column kLast{"last_token_ts", {"last_token_ts", "last_token_s", "finished_ts"}};
const Column kSeconds{"seconds", {"seconds", "duration_s"}};
const Column kInFlight{"in_flight_max", {"in_flight_max"}};
const Column kDistinct{"distinct_prompts", {"distinct_prompts"}};
const Column* const kColumns[] = {&kOffered, &kConcurrency, &kSentNs,  &kSent,     &kPrompt,
                                  &kOutput,  &kCompleted,   &kTtft,    &kTpot,     &kE2e,
                                  &kFirst,   &kLast,        &kSeconds, &kInFlight, &kDistinct};

// The column that goes by this name, ours or one that published files use; nullptr: none.
const Column* columnCalled(std::string_view name) {
    for (const Column* column : kColumns) {
        if (name == column->ours) return column;
        if (std::find(column->names.begin(), column->names.end(), name) != column->names.end()) {
            return column;
        }
    }
    return nullptr;
}

std::string listOf(const Column& column) {
    std::string out;
    for (const std::string_view name : column.names)
        out += (out.empty() ? "" : " or ") + std::string(name);
    return out;
}

class RowReader {
  public:
    RowReader(const MeasurementSpec& spec, const Hardware& hardware, const TableFile& table,
              Measurements& out)
        : spec_(spec), hardware_(hardware), table_(table), out_(out) {}

    Status read() {
        if (auto ok = checkColumns(); !ok) return ok;
        set_.name = spec_.name;
        set_.source = spec_.source;
        set_.file = spec_.file;
        set_.fit = spec_.fit;
        set_.checks = spec_.checks;
        for (const TableFile::Row& row : table_.rows()) {
            if (wanted(row)) rows_.push_back(&row);
        }
        if (rows_.empty()) {
            std::string where;
            for (const auto& [column, value] : spec_.where)
                where += fmt::format(" {}={}", column, value);
            return fail(Error{fmt::format("no row has{}", where), spec_.file});
        }
        const bool log = at(kConcurrency) < 0 && at(kOffered) < 0;
        if (auto ok = log ? readLog() : readPoints(); !ok) return ok;
        out_.sets.push_back(std::move(set_));
        return {};
    }

  private:
    int at(const Column& column) const {
        for (const auto& [ours, theirs] : spec_.columns) {
            if (columnCalled(ours) == &column) return table_.find(theirs);
        }
        return table_.find(column.names);
    }

    Status checkColumns() const {
        for (const auto& [ours, theirs] : spec_.columns) {
            const bool ofReplica = std::find(std::begin(kReplicaColumns), std::end(kReplicaColumns),
                                             ours) != std::end(kReplicaColumns);
            if (!ofReplica && columnCalled(ours) == nullptr) {
                std::string known;
                for (const Column* column : kColumns)
                    known += std::string(column->ours) + ", ";
                for (const std::string_view name : kReplicaColumns)
                    known += fmt::format("{}{}", name == kReplicaColumns[0] ? "" : ", ", name);
                return fail(Error{fmt::format("no column of ours is called {}; known: {}",
                                              quoteForError(ours), known),
                                  spec_.file});
            }
            if (table_.find(theirs) < 0) return missing(theirs);
        }
        if (at(kConcurrency) >= 0 && at(kOffered) >= 0) {
            return fail(
                Error{fmt::format("is it a closed loop or are these load stages? There are "
                                  "both {} and {}; take one away",
                                  table_.names()[static_cast<std::size_t>(at(kConcurrency))],
                                  table_.names()[static_cast<std::size_t>(at(kOffered))]),
                      spec_.file, 1});
        }
        for (const auto& [column, value] : spec_.where) {
            if (table_.find(column) < 0) return missing(column);
        }
        for (const std::string& column : spec_.groupBy) {
            if (table_.find(column) < 0) return missing(column);
        }
        if (at(kConcurrency) < 0 && at(kOffered) < 0 && at(kSent) < 0 && at(kSentNs) < 0) {
            return fail(Error{
                fmt::format("these columns are no experiment: load stages have {}, a closed loop "
                            "has {}, a log of requests has {}; found {}",
                            listOf(kOffered), listOf(kConcurrency), listOf(kSent), found()),
                spec_.file, 1});
        }
        for (const Column* needed : {&kPrompt, &kOutput}) {
            if (at(*needed) < 0) return missing(listOf(*needed));
        }
        return {};
    }

    Status missing(const std::string& column) const {
        return fail(
            Error{fmt::format("there is no column {}; found {}", column, found()), spec_.file, 1});
    }
    std::string found() const {
        std::string out;
        for (const std::string& name : table_.names())
            out += (out.empty() ? "" : ", ") + name;
        return out;
    }

    bool wanted(const TableFile::Row& row) const {
        for (const auto& [column, value] : spec_.where) {
            const TableFile::Cell* cell = table_.cell(row, table_.find(column));
            if (cell == nullptr || cell->text != value) return false;
        }
        return true;
    }

    std::string groupOf(const TableFile::Row& row) const {
        std::string group;
        for (const std::string& column : spec_.groupBy) {
            const TableFile::Cell* cell = table_.cell(row, table_.find(column));
            group += fmt::format("{}{} {}", group.empty() ? "" : ", ", column,
                                 cell != nullptr ? cell->text : "-");
        }
        return group;
    }

    // The row's server, made once for each combination of the row's own columns.
    Result<std::size_t> deploymentOf(const TableFile::Row& row) {
        std::string key;
        Document document = spec_.replica;
        std::uint16_t source = 0;
        for (const std::string_view name : kReplicaColumns) {
            const auto mapped = spec_.columns.find(std::string(name));
            const int column = table_.find(mapped == spec_.columns.end() ? name : mapped->second);
            const TableFile::Cell* cell = table_.cell(row, column);
            if (cell == nullptr) continue;
            key += fmt::format("{}={};", name, cell->text);
            if (source == 0) source = document.addSource({spec_.file, false, false});
            Node value;
            value.kind = Node::Kind::scalar;
            value.text = cell->text;
            value.at = {source, row.line, cell->column};
            if (Node* old = document.root().find(name)) {
                *old = value;
            } else {
                document.root().members.push_back({std::string(name), value.at, value});
            }
        }
        if (const auto known = made_.find(key); known != made_.end()) return known->second;

        Problems problems;
        Deployment d;
        Reader reader = Reader::root(document, problems, "replica");
        readReplica(reader, hardware_, d.replica);
        reader.finish();
        if (auto ok = problems.status(); !ok) return fail(ok.error());
        if (d.replica.config.cost.backEnd != StepBackEnd::coefficients) {
            d.gpu = hardware_.gpus.find(d.replica.gpu).value();
            d.model = hardware_.models.find(d.replica.model).value();
        }
        d.a0Given = document.root().find("a0") != nullptr;
        d.key =
            !spec_.deployment.empty() ? spec_.deployment : d.replica.gpu + " " + d.replica.model;
        out_.deployments.push_back(std::move(d));
        return made_[key] = out_.deployments.size() - 1;
    }

    Status take(double& into, const TableFile::Row& row, const Column& column, double least,
                double most, bool required) {
        const auto value = table_.number(row, at(column), least, most);
        if (!value) return fail(value.error());
        if (*value) {
            into = **value;
        } else if (required) {
            return fail(
                table_.at(row, at(column),
                          fmt::format("is empty; it must be a number from {} to {}", least, most)));
        }
        return {};
    }

    // A prompt that its replica could never hold would be refused by the simulated one.
    Status fits(const TableFile::Row& row, double promptTokens, std::size_t deployment) const {
        const ReplicaConfig& config = out_.deployments[deployment].replica.config;
        const double held = static_cast<double>(config.kvBlocks) * config.blockSize;
        if (promptTokens <= held) return {};
        return fail(
            table_.at(row, at(kPrompt),
                      fmt::format("{:.0f} tokens do not fit into the replica's KV memory of "
                                  "{:.0f} ({} blocks of {}); give its kv_blocks, or tp",
                                  promptTokens, held, config.kvBlocks, config.blockSize)));
    }

    Status takeMeasured(const TableFile::Row& row, double outputTokens, Values& v) {
        const std::pair<const Column*, Quantity> columns[] = {{&kCompleted, Quantity::completed},
                                                              {&kTtft, Quantity::ttft},
                                                              {&kTpot, Quantity::tpot},
                                                              {&kE2e, Quantity::e2e}};
        bool any = false;
        for (const auto& [column, quantity] : columns) {
            // The least is there to refuse 0 and below: a time of nothing is a hole in the data.
            if (auto ok = take(v[quantity], row, *column, 1e-6, kMostMs, false); !ok) return ok;
            any = any || v.has(quantity);
        }
        if (!any) {
            return fail(table_.at(row, -1,
                                  fmt::format("nothing is measured in this row: give at least one "
                                              "of {}, {}, {}, {}",
                                              kCompleted.ours, kTtft.ours, kTpot.ours, kE2e.ours)));
        }
        if (!v.has(Quantity::e2e) && v.has(Quantity::ttft) && v.has(Quantity::tpot)) {
            v[Quantity::e2e] = v[Quantity::ttft] + (outputTokens - 1.0) * v[Quantity::tpot];
        }
        return {};
    }

    Status readPoints() {
        for (const TableFile::Row* row : rows_) {
            const auto deployment = deploymentOf(*row);
            if (!deployment) return fail(deployment.error());
            double prompt = 0.0, output = 0.0;
            if (auto ok = take(prompt, *row, kPrompt, 1, kMostTokens, true); !ok) return ok;
            if (auto ok = take(output, *row, kOutput, 1, kMostTokens, true); !ok) return ok;
            MeasuredRow m;
            m.line = row->line;
            const std::string group = groupOf(*row);
            m.group = spec_.name + (group.empty() ? "" : ", " + group);
            if (auto ok = takeMeasured(*row, output, m.measured); !ok) return ok;
            if (auto ok = fits(*row, prompt, *deployment); !ok) return ok;
            Experiment experiment;
            experiment.deployment = *deployment;
            if (at(kConcurrency) >= 0) {
                double users = 1.0;
                if (auto ok = take(users, *row, kConcurrency, 1, 1e6, true); !ok) return ok;
                if (users != std::floor(users)) {
                    return fail(table_.at(*row, at(kConcurrency),
                                          fmt::format("{} users: expected a whole number", users)));
                }
                experiment.what = closedLoop(prompt, output, users, *deployment, m);
                m.label = fmt::format("{}{}{:.0f}/{:.0f} x{:.0f}", group, group.empty() ? "" : ", ",
                                      prompt, output, users);
            } else {
                LoadStage stage;
                stage.promptTokens = prompt;
                stage.outputTokens = output;
                stage.seconds = spec_.seconds;
                double inFlight = static_cast<double>(spec_.inFlightMax);
                double distinct = static_cast<double>(spec_.distinctPrompts);
                if (auto ok = take(stage.perSecond, *row, kOffered, 1e-3, 1e6, true); !ok)
                    return ok;
                if (auto ok = take(stage.seconds, *row, kSeconds, 1, 86400, false); !ok) return ok;
                if (auto ok = take(inFlight, *row, kInFlight, 0, 1e7, false); !ok) return ok;
                if (auto ok = take(distinct, *row, kDistinct, 0, 1e9, false); !ok) return ok;
                stage.inFlightMax = std::llround(inFlight);
                stage.distinctPrompts = std::llround(distinct);
                constexpr double kKeptUp = 0.97; // of what was offered
                m.saturated = m.measured.has(Quantity::completed) &&
                              m.measured[Quantity::completed] < kKeptUp * stage.perSecond;
                m.label = fmt::format("{}{}{:.2f} rps", group, group.empty() ? "" : ", ",
                                      stage.perSecond);
                experiment.what = stage;
            }
            m.experiment = set_.experiments.size();
            set_.experiments.push_back(std::move(experiment));
            set_.rows.push_back(std::move(m));
        }
        findLoads();
        return {};
    }

    // Only a server that was driven past its limit shows where the limit is.
    void findLoads() {
        double capacity = 0.0;
        for (const MeasuredRow& row : set_.rows) {
            if (row.saturated) capacity = std::max(capacity, row.measured[Quantity::completed]);
        }
        for (MeasuredRow& row : set_.rows) {
            const auto* stage = std::get_if<LoadStage>(&set_.experiments[row.experiment].what);
            if (stage != nullptr && capacity > 0.0) row.load = stage->perSecond / capacity;
        }
    }

    ClosedLoop closedLoop(double prompt, double output, double users, std::size_t deployment,
                          MeasuredRow& m) const {
        ClosedLoop loop;
        loop.promptTokens = static_cast<std::int32_t>(std::llround(prompt));
        loop.outputTokens = static_cast<std::int32_t>(std::llround(output));
        loop.concurrency = static_cast<std::int32_t>(users);
        loop.rounds = spec_.rounds;
        // Spread over one round, as far as the measurement tells how long that is.
        if (!spec_.startTogether && m.measured.has(Quantity::e2e)) {
            loop.rampSeconds = m.measured[Quantity::e2e] * 1e-3;
        }
        const ReplicaConfig& config = out_.deployments[deployment].replica.config;
        const double held = users * (prompt + output - 1.0);
        m.saturated = held > static_cast<double>(config.kvBlocks) * config.blockSize ||
                      users > config.maxNumSeqs;
        return loop;
    }

    Status readLog() {
        if (!spec_.groupBy.empty()) {
            return fail(
                Error{"a log of requests is one experiment and has no rows to group; its parts "
                      "are left out in turn",
                      spec_.file});
        }
        const auto deployment = deploymentOf(*rows_.front());
        if (!deployment) return fail(deployment.error());
        for (const TableFile::Row* row : rows_) {
            const auto own = deploymentOf(*row);
            if (!own) return fail(own.error());
            if (*own != *deployment) {
                return fail(table_.at(*row, -1,
                                      "describes another server than the log's first row: a "
                                      "log is of one server; pick its rows with where"));
            }
        }
        const bool inNs = at(kSent) < 0;
        const double toNs = inNs ? 1.0 : 1e9;
        struct Entry {
            LoggedRequest request;
            Replay::Times times;
            int line;
        };
        std::vector<Entry> entries;
        double origin = 0.0;
        const double kNone = Values::nan();
        for (const TableFile::Row* row : rows_) {
            double sent = 0.0, prompt = 0.0, output = 0.0;
            double first = kNone, last = kNone, ttft = kNone, e2e = kNone;
            if (auto ok = take(sent, *row, inNs ? kSentNs : kSent, 0, 1e19, true); !ok) return ok;
            if (auto ok = take(prompt, *row, kPrompt, 1, kMostTokens, true); !ok) return ok;
            if (auto ok = take(output, *row, kOutput, 1, kMostTokens, true); !ok) return ok;
            if (auto ok = fits(*row, prompt, *deployment); !ok) return ok;
            if (auto ok = take(first, *row, kFirst, sent, 1e19, false); !ok) return ok;
            if (auto ok = take(last, *row, kLast, std::isnan(first) ? sent : first, 1e19, false);
                !ok) {
                return ok;
            }
            if (auto ok = take(ttft, *row, kTtft, 0, kMostMs, false); !ok) return ok;
            if (auto ok = take(e2e, *row, kE2e, 0, kMostMs, false); !ok) return ok;
            if (std::isnan(ttft)) ttft = (first - sent) * toNs * 1e-6;
            if (std::isnan(e2e)) e2e = (last - sent) * toNs * 1e-6;
            if (std::isnan(ttft) || std::isnan(e2e)) {
                return fail(table_.at(*row, -1,
                                      "a log needs first_token_ts and last_token_ts, or ttft_ms "
                                      "and e2e_ms, in every row"));
            }
            if (e2e < ttft) {
                return fail(
                    table_.at(*row, -1,
                              fmt::format("the answer ends {} ms after its request was sent, "
                                          "before its first token after {} ms",
                                          e2e, ttft)));
            }
            if (entries.empty()) origin = sent;
            Entry entry;
            entry.line = row->line;
            entry.request = {std::llround((sent - origin) * toNs),
                             static_cast<std::int32_t>(prompt), static_cast<std::int32_t>(output)};
            entry.times = {ttft, (e2e - ttft) / std::max(1.0, output - 1.0), e2e};
            entries.push_back(entry);
        }
        std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
            return a.request.sentNs < b.request.sentNs;
        });
        const std::int64_t begin = entries.front().request.sentNs;
        std::vector<LoggedRequest> log;
        for (Entry& entry : entries) {
            entry.request.sentNs -= begin;
            log.push_back(entry.request);
            set_.requests.push_back(entry.times);
        }
        const std::size_t slices = std::clamp<std::size_t>(log.size() / kSliceRequests, 1, kSlices);
        for (std::size_t i = 0; i < slices; ++i) {
            MeasuredRow m;
            m.first = i * log.size() / slices;
            m.count = (i + 1) * log.size() / slices - m.first;
            m.line = entries[m.first].line;
            m.group = spec_.name;
            m.label = fmt::format("requests {} to {}", m.first + 1, m.first + m.count);
            Values& v = m.measured;
            v[Quantity::ttft] = v[Quantity::tpot] = v[Quantity::e2e] = 0.0;
            for (std::size_t k = m.first; k < m.first + m.count; ++k) {
                const double n = static_cast<double>(m.count);
                v[Quantity::ttft] += set_.requests[k].ttftMs / n;
                v[Quantity::tpot] += set_.requests[k].tpotMs / n;
                v[Quantity::e2e] += set_.requests[k].e2eMs / n;
            }
            set_.rows.push_back(std::move(m));
        }
        set_.experiments.push_back({*deployment, std::move(log)});
        return spec_.series.empty() ? Status{} : readSeries();
    }

    Status readSeries() {
        const auto table = TableFile::read(spec_.series);
        if (!table) return fail(table.error());
        const int columns[] = {table->find("t"), table->find("running"), table->find("waiting")};
        for (const TableFile::Row& row : table->rows()) {
            double v[3] = {0, 0, 0};
            for (int i = 0; i < 3; ++i) {
                const auto number = table->number(row, columns[i], 0, 1e9);
                if (!number) return fail(number.error());
                if (!*number) {
                    return fail(table->at(row, columns[i],
                                          "a series needs numbers in t, running and waiting"));
                }
                v[i] = **number;
            }
            set_.series.push_back({v[0], v[1], v[2]});
        }
        return {};
    }

    const MeasurementSpec& spec_;
    const Hardware& hardware_;
    const TableFile& table_;
    Measurements& out_;
    MeasurementSet set_;
    std::vector<const TableFile::Row*> rows_;
    std::map<std::string, std::size_t> made_;
};

} // namespace

Status readRows(const MeasurementSpec& spec, const Hardware& hardware, Measurements& out) {
    const auto table = TableFile::read(spec.file);
    if (!table) return fail(table.error());
    return RowReader(spec, hardware, *table, out).read();
}

} // namespace penstock::sim
