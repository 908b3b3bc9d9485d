// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/fit.h"

#include "sim/calibration/box_minimum.h"
#include "sim/calibration/workers.h"
#include "sim/kernel/random.h"

#include <fmt/format.h>

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace penstock::sim {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kRidge = 1e-12;     // keeps a direction nothing sees invertible
constexpr double kDifference = 0.05; // for derivatives, in steps that matter

// A coordinate of the fit: a parameter of the law, or the a0 of a deployment key.
struct Variable {
    const FitParameter* parameter = nullptr;
    std::string a0Of = {};
    double scale = 1.0; // of a step that matters
    bool needsLink = false;

    std::string name() const {
        return parameter != nullptr ? parameter->name : "a0 (" + a0Of + ")";
    }
};

// A value that counts, and where it is.
struct Term {
    std::size_t set, row;
    Quantity quantity;
};

class Problem {
  public:
    static Result<Problem> make(const Measurements& m, const Candidate& start,
                                const FitOptions& options);

    const std::vector<Variable>& variables() const { return variables_; }
    // A point has an entry a variable, in steps that matter.
    const VectorXd& start() const { return start_; }
    const VectorXd& low() const { return low_; }
    const VectorXd& high() const { return high_; }
    // Of the terms; they sum to 1.
    const VectorXd& weights() const { return weights_; }
    std::size_t runsAtMost() const {
        return runs_.size() * (2 * variables_.size() + 2) *
               static_cast<std::size_t>(options_->iterations * options_->starts);
    }

    Candidate candidateAt(const VectorXd& z) const;
    VectorXd residuals(const VectorXd& z);
    // A row a term, a column a variable.
    MatrixXd derivative(const VectorXd& z);
    double lossOf(const VectorXd& r, const VectorXd& z) const;
    // What the robust loss makes of the weights.
    VectorXd robustWeights(const VectorXd& r) const {
        return weights_.array() * (options_->robust / r.array().abs().max(options_->robust));
    }
    double pull() const { return options_->pull; }

  private:
    struct Run { // of one experiment
        std::size_t set, experiment;
        std::vector<std::size_t> terms;
    };
    void runAll(const std::vector<std::pair<std::size_t, VectorXd>>& tasks,
                const std::function<void(std::size_t task, std::size_t term, double)>& put);
    bool affects(const Variable& v, const Run& run) const;
    void addVariables(const Candidate& start);
    double log(const Term& term, const Values& predicted) const;

    const Measurements* m_ = nullptr;
    const FitOptions* options_ = nullptr;
    Candidate from_;
    std::vector<Variable> variables_;
    VectorXd start_, low_, high_;
    std::vector<Term> terms_;
    VectorXd weights_;
    std::vector<Run> runs_;
    std::size_t done_ = 0;
};

VectorXd toVector(const std::vector<double>& values) {
    return VectorXd::Map(values.data(), static_cast<Eigen::Index>(values.size()));
}

double toZ(const FitParameter& p, double value) {
    return (p.inverse ? 1.0 / value : value) / p.scale;
}

double fromZ(const FitParameter& p, double z) {
    return p.inverse ? 1.0 / (z * p.scale) : z * p.scale;
}

double a0Of(const Measurements& m, const Candidate& start, const std::string& key) {
    for (const auto& [k, ms] : start.a0Ms) {
        if (k == key) return ms;
    }
    for (const Deployment& d : m.deployments) {
        if (d.key == key) return static_cast<double>(d.replica.config.apiDelayNs) * 1e-6;
    }
    return 0.0;
}

void Problem::addVariables(const Candidate& start) {
    std::vector<double> starts, lows, highs;
    const auto add = [&](Variable v, double from, double low, double high) {
        variables_.push_back(std::move(v));
        starts.push_back(std::clamp(from, low, high));
        lows.push_back(low);
        highs.push_back(high);
    };
    bool link = false;
    std::vector<std::string> keys;
    for (const Run& run : runs_) {
        const Deployment& d =
            m_->deployments[m_->sets[run.set].experiments[run.experiment].deployment];
        link = link || d.replica.tp > 1;
        if (!d.a0Given && std::find(keys.begin(), keys.end(), d.key) == keys.end()) {
            keys.push_back(d.key);
        }
    }
    for (const FitParameter& p : fitParameters()) {
        const bool named = std::find(options_->parameters.begin(), options_->parameters.end(),
                                     p.name) != options_->parameters.end();
        const bool needsLink = p.member == &StepConstants::linkEfficiency ||
                               p.member == &StepConstants::reduceSeconds ||
                               p.member == &StepConstants::reducePeerSeconds ||
                               p.member == &StepConstants::groupSeconds;
        if (options_->parameters.empty() ? needsLink && !link : !named) continue;
        double least = p.least, most = p.most;
        for (const Bound& bound : options_->bounds) {
            if (bound.parameter != p.name) continue;
            least = std::max(least, bound.least);
            most = std::min(most, bound.most);
        }
        if (p.inverse) std::swap(least, most);
        add({.parameter = &p, .scale = p.scale, .needsLink = needsLink},
            toZ(p, start.constants.*p.member), toZ(p, least), toZ(p, most));
    }
    constexpr double kA0Scale = 5.0; // ms
    for (const std::string& key : keys) {
        if (!options_->fitA0) continue;
        add({.a0Of = key, .scale = kA0Scale}, a0Of(*m_, start, key) / kA0Scale,
            kA0LeastMs / kA0Scale, kA0MostMs / kA0Scale);
    }
    start_ = toVector(starts);
    low_ = toVector(lows);
    high_ = toVector(highs);
}

Result<Problem> Problem::make(const Measurements& m, const Candidate& start,
                              const FitOptions& options) {
    for (const std::string& name : options.parameters) {
        if (findFitParameter(name) != nullptr) continue;
        std::string known;
        for (const FitParameter& p : fitParameters())
            known += (known.empty() ? "" : ", ") + std::string(p.name);
        return fail(
            fmt::format("\"{}\" is not a parameter of the step-time law; known: {}", name, known));
    }
    Problem out;
    out.m_ = &m;
    out.options_ = &options;
    out.from_ = start;
    std::vector<double> weights;
    std::size_t setsUsed = 0;
    for (std::size_t s = 0; s < m.sets.size(); ++s) {
        const MeasurementSet& set = m.sets[s];
        if (!set.fit) continue;
        const std::size_t before = out.terms_.size();
        std::vector<std::optional<std::size_t>> runOf(set.experiments.size());
        double total = 0.0;
        for (std::size_t r = 0; r < set.rows.size(); ++r) {
            const MeasuredRow& row = set.rows[r];
            const Deployment& d = m.deployments[set.experiments[row.experiment].deployment];
            if (!d.lawful()) continue;
            for (std::size_t q = 0; q < kQuantities; ++q) {
                const double weight = weightOf(set, row, static_cast<Quantity>(q));
                if (weight == 0.0) continue;
                auto& run = runOf[row.experiment];
                if (!run) {
                    run = out.runs_.size();
                    out.runs_.push_back({s, row.experiment, {}});
                }
                out.runs_[*run].terms.push_back(out.terms_.size());
                out.terms_.push_back({s, r, static_cast<Quantity>(q)});
                weights.push_back(weight);
                total += weight;
            }
        }
        for (std::size_t i = before; i < weights.size(); ++i)
            weights[i] /= total;
        setsUsed += out.terms_.size() > before ? 1 : 0;
    }
    if (out.terms_.empty()) {
        return fail("there is nothing to fit: no row has a measured time or throughput of a "
                    "replica that obeys the step-time law (gpu and model, without step_time or "
                    "operator_table)");
    }
    out.weights_ = toVector(weights) / static_cast<double>(setsUsed);
    out.addVariables(start);
    if (out.variables_.empty())
        return fail("there is nothing to fit: no parameter is left to move");
    return out;
}

Candidate Problem::candidateAt(const VectorXd& z) const {
    Candidate c = from_;
    for (Eigen::Index i = 0; i < z.size(); ++i) {
        const Variable& v = variables_[static_cast<std::size_t>(i)];
        if (v.parameter != nullptr) {
            c.constants.*v.parameter->member = fromZ(*v.parameter, z[i]);
            continue;
        }
        const auto at = std::find_if(c.a0Ms.begin(), c.a0Ms.end(),
                                     [&](const auto& a) { return a.first == v.a0Of; });
        if (at != c.a0Ms.end()) {
            at->second = z[i] * v.scale;
        } else {
            c.a0Ms.emplace_back(v.a0Of, z[i] * v.scale);
        }
    }
    return c;
}

bool Problem::affects(const Variable& v, const Run& run) const {
    const Deployment& d = m_->deployments[m_->sets[run.set].experiments[run.experiment].deployment];
    if (!v.a0Of.empty()) return !d.a0Given && d.key == v.a0Of;
    return !v.needsLink || d.replica.tp > 1;
}

double Problem::log(const Term& term, const Values& predicted) const {
    const double measured = m_->sets[term.set].rows[term.row].measured[term.quantity];
    const double simulated = predicted[term.quantity];
    // A replica that serves nobody is wrong by as much as can be said.
    constexpr double kWorst = 3.0;
    if (!(simulated > 0.0)) return -kWorst;
    return std::clamp(std::log(simulated / measured), -kWorst, kWorst);
}

// Runs the experiment of each task (run, point) and hands out the logs of its terms.
void Problem::runAll(const std::vector<std::pair<std::size_t, VectorXd>>& tasks,
                     const std::function<void(std::size_t, std::size_t, double)>& put) {
    // Progress is told between portions, from this thread.
    const std::size_t portion = std::max<std::size_t>(64, runs_.size());
    for (std::size_t from = 0; from < tasks.size(); from += portion) {
        const std::size_t count = std::min(portion, tasks.size() - from);
        forEachOnThreads(count, options_->threads, [&](std::size_t i) {
            const auto& [index, z] = tasks[from + i];
            const Run& run = runs_[index];
            const MeasurementSet& set = m_->sets[run.set];
            const Deployment& d = m_->deployments[set.experiments[run.experiment].deployment];
            const auto values = predict(set, run.experiment, configFor(d, candidateAt(z)));
            for (const std::size_t t : run.terms) {
                // predict() answers in the order of the experiment's rows.
                std::size_t place = 0;
                for (std::size_t r = 0; r < terms_[t].row; ++r)
                    place += set.rows[r].experiment == run.experiment ? 1 : 0;
                put(from + i, t, log(terms_[t], values[place]));
            }
        });
        done_ += count;
        if (options_->progress) options_->progress(done_, std::max(done_, runsAtMost()));
    }
}

VectorXd Problem::residuals(const VectorXd& z) {
    std::vector<std::pair<std::size_t, VectorXd>> tasks;
    for (std::size_t r = 0; r < runs_.size(); ++r)
        tasks.emplace_back(r, z);
    VectorXd out(weights_.size());
    runAll(tasks, [&](std::size_t, std::size_t term, double value) {
        out[static_cast<Eigen::Index>(term)] = value;
    });
    return out;
}

MatrixXd Problem::derivative(const VectorXd& z) {
    std::vector<std::pair<std::size_t, VectorXd>> tasks;
    std::vector<std::pair<Eigen::Index, double>> moved; // of each task: variable, 1 / difference
    for (Eigen::Index v = 0; v < z.size(); ++v) {
        VectorXd above = z, below = z;
        above[v] = std::min(z[v] + kDifference, high_[v]);
        below[v] = std::max(z[v] - kDifference, low_[v]);
        const double difference = above[v] - below[v];
        if (difference <= 0.0) continue;
        for (std::size_t r = 0; r < runs_.size(); ++r) {
            if (!affects(variables_[static_cast<std::size_t>(v)], runs_[r])) continue;
            tasks.emplace_back(r, above);
            moved.emplace_back(v, 1.0 / difference);
            tasks.emplace_back(r, below);
            moved.emplace_back(v, -1.0 / difference);
        }
    }
    std::vector<std::vector<std::pair<std::size_t, double>>> parts(tasks.size()); // term, share
    runAll(tasks, [&](std::size_t task, std::size_t term, double value) {
        parts[task].emplace_back(term, value * moved[task].second);
    });
    MatrixXd out = MatrixXd::Zero(weights_.size(), z.size());
    for (std::size_t task = 0; task < tasks.size(); ++task) {
        for (const auto& [term, part] : parts[task])
            out(static_cast<Eigen::Index>(term), moved[task].first) += part;
    }
    return out;
}

double Problem::lossOf(const VectorXd& r, const VectorXd& z) const {
    const double d = options_->robust;
    const Eigen::ArrayXd size = r.array().abs();
    const Eigen::ArrayXd loss = (size <= d).select(size.square(), d * (2.0 * size - d));
    return (weights_.array() * loss).sum() + pull() * (z - start_).squaredNorm();
}

struct Search {
    VectorXd z, residuals;
    MatrixXd derivative;
    double loss = 0.0, startLoss = 0.0;
    int iterations = 0;
};

// A'WA, of which A has the rows and W the weights.
MatrixXd normal(const MatrixXd& rows, const VectorXd& weights) {
    return rows.transpose().lazyProduct(weights.asDiagonal() * rows);
}

Search searchFrom(Problem& problem, VectorXd start, int iterations) {
    constexpr double kWidest = 4.0, kNarrowest = 0.02, kWorthwhile = 2e-4;
    Search s;
    s.z = std::move(start);
    s.residuals = problem.residuals(s.z);
    s.loss = s.startLoss = problem.lossOf(s.residuals, s.z);
    s.derivative = problem.derivative(s.z);
    double trust = 1.0;
    int smallGains = 0;
    while (s.iterations < iterations && trust > kNarrowest) {
        ++s.iterations;
        const VectorXd weights = problem.robustWeights(s.residuals);
        MatrixXd curvature = normal(s.derivative, weights);
        curvature.diagonal().array() += problem.pull();
        const VectorXd slope = s.derivative.transpose() * weights.cwiseProduct(s.residuals) +
                               problem.pull() * (s.z - problem.start());
        const VectorXd step = boxMinimum(curvature, slope, (problem.low() - s.z).cwiseMax(-trust),
                                         (problem.high() - s.z).cwiseMin(trust));
        const double promised = -step.dot(curvature * step + 2.0 * slope);
        VectorXd there = (s.z + step).cwiseMax(problem.low()).cwiseMin(problem.high());
        VectorXd r = problem.residuals(there);
        const double loss = problem.lossOf(r, there);
        const double gained = s.loss - loss;
        if (gained <= 0.0) {
            trust *= 0.4;
            continue;
        }
        trust = std::min(kWidest, gained > 0.7 * promised ? trust * 2.0 : trust);
        if (gained < 0.25 * promised) trust *= 0.5;
        s.z = std::move(there);
        s.residuals = std::move(r);
        s.loss = loss;
        s.derivative = problem.derivative(s.z);
        // At a knee the simulation jumps, so one small gain is no proof of an end.
        smallGains = gained < kWorthwhile * loss ? smallGains + 1 : 0;
        if (smallGains == 3) break;
    }
    return s;
}

Search search(Problem& problem, const FitOptions& options) {
    constexpr double kAround = 1.0; // how far the other starts are, in steps that matter
    constexpr std::uint64_t kSeed = 20;
    Search best = searchFrom(problem, problem.start(), options.iterations);
    const double startLoss = best.startLoss;
    for (int i = 1; i < options.starts; ++i) {
        RandomSequence draw(kSeed, static_cast<std::uint32_t>(i), 0);
        VectorXd z = problem.start();
        for (double& at : z)
            at += kAround * (2.0 * draw.uniform() - 1.0);
        z = z.cwiseMax(problem.low()).cwiseMin(problem.high());
        Search other = searchFrom(problem, std::move(z), options.iterations);
        if (other.loss < best.loss) best = std::move(other);
    }
    best.startLoss = startLoss;
    return best;
}

// What the data says about each variable, from the derivative at the optimum.
void describe(const Problem& problem, const Search& s, Fit& fit) {
    const VectorXd& weights = problem.weights();
    const MatrixXd curvature = normal(s.derivative, weights);
    const double squares = problem.robustWeights(s.residuals).dot(s.residuals.cwiseAbs2());
    // So many equally weighted values would have the same weight sums.
    const double count = 1.0 / weights.squaredNorm();
    const double freedom = std::max(1.0, count - static_cast<double>(s.z.size()));
    // Symmetric and positive: its singular values are its eigenvalues, the largest first. One kind
    // of decomposition by rotations is quick to compile, the solver of eigenvalues is not.
    const Eigen::JacobiSVD<MatrixXd, Eigen::NoQRPreconditioner> directions(curvature,
                                                                           Eigen::ComputeFullV);
    const MatrixXd& axes = directions.matrixV();
    const VectorXd curvatures = directions.singularValues().array() + kRidge;
    const VectorXd variance = axes.cwiseAbs2() * curvatures.cwiseInverse();
    fit.condition = std::sqrt(curvatures.maxCoeff() / curvatures.minCoeff());
    for (Eigen::Index i = 0; i < s.z.size(); ++i) {
        const Variable& v = problem.variables()[static_cast<std::size_t>(i)];
        const double start = problem.start()[i], low = problem.low()[i], high = problem.high()[i];
        FittedParameter p;
        p.name = v.name();
        const double error = std::sqrt(squares / freedom * variance[i]); // in steps that matter
        if (v.parameter != nullptr) {
            const FitParameter& f = *v.parameter;
            p.unit = f.unit;
            p.meaning = f.meaning;
            p.start = fromZ(f, start) * f.shown;
            p.value = fromZ(f, s.z[i]) * f.shown;
            p.least = fromZ(f, f.inverse ? high : low) * f.shown;
            p.most = fromZ(f, f.inverse ? low : high) * f.shown;
            p.uncertainty =
                f.inverse ? error * f.scale * p.value * p.value : error * f.scale * f.shown;
        } else {
            p.unit = "ms";
            p.meaning = "before the engine's queue";
            p.start = start * v.scale;
            p.value = s.z[i] * v.scale;
            p.least = kA0LeastMs;
            p.most = kA0MostMs;
            p.uncertainty = error * v.scale;
        }
        p.atBound = s.z[i] - low < 1e-6 * (high - low) || high - s.z[i] < 1e-6 * (high - low);
        // In percent, for a move by a tenth of the value.
        p.sensitivity = 100.0 * std::sqrt(curvature(i, i)) * 0.1 * s.z[i];
        p.free = p.uncertainty > p.value / 3.0;
        fit.parameters.push_back(std::move(p));
        fit.weakest.emplace_back(v.name(), axes(i, axes.cols() - 1));
    }
    std::sort(fit.weakest.begin(), fit.weakest.end(),
              [](const auto& a, const auto& b) { return std::abs(a.second) > std::abs(b.second); });
    if (fit.weakest.size() > 4) fit.weakest.resize(4);
}

} // namespace

double weightOf(const MeasurementSet& set, const MeasuredRow& row, Quantity quantity) {
    if (!row.measured.has(quantity)) return 0.0;
    const auto& what = set.experiments[row.experiment].what;
    if (std::holds_alternative<std::vector<LoggedRequest>>(what)) {
        return quantity == Quantity::completed ? 0.0 : 1.0;
    }
    if (std::holds_alternative<ClosedLoop>(what)) {
        // The first token of a closed loop depends on how the clients started, and so does all of
        // it once memory is full.
        const bool judged = quantity == Quantity::tpot || quantity == Quantity::e2e;
        return judged && !row.saturated ? 1.0 : 0.0;
    }
    if (row.saturated) {
        // Times then follow from throughput and the client's limit.
        if (quantity == Quantity::completed) return 1.5;
        return quantity == Quantity::tpot ? 0.5 : 0.0;
    }
    if (quantity == Quantity::completed) return 0.0; // what was offered, by definition
    // At the knee a percent of capacity is tens of percent of time: such a row says little about
    // the law, and what it says is throughput.
    const double steadiness = std::clamp(4.0 * (1.0 - row.load), 0.05, 1.0);
    // First tokens see the hiccups of the client too.
    return steadiness * (quantity == Quantity::ttft ? 0.15 : 1.0);
}

Result<Fit> fit(const Measurements& measurements, const Candidate& start,
                const FitOptions& options) {
    auto problem = Problem::make(measurements, start, options);
    if (!problem) return fail(problem.error());
    const Search s = search(*problem, options);
    if (!std::isfinite(s.loss)) {
        return fail("the rows do not say enough for a fit: what is measured in them cannot be "
                    "compared with the law; give more rows, or fewer parameters with --fit");
    }
    Fit out;
    out.candidate = problem->candidateAt(s.z);
    out.loss = s.loss;
    out.startLoss = s.startLoss;
    out.iterations = s.iterations;
    describe(*problem, s, out);
    out.predicted = predictAll(measurements, out.candidate, options.threads);
    return out;
}

std::vector<std::vector<Values>> predictAll(const Measurements& m, const Candidate& candidate,
                                            int threads) {
    std::vector<std::vector<Values>> out;
    std::vector<std::pair<std::size_t, std::size_t>> tasks;
    for (std::size_t s = 0; s < m.sets.size(); ++s) {
        out.emplace_back(m.sets[s].rows.size());
        for (std::size_t e = 0; e < m.sets[s].experiments.size(); ++e)
            tasks.emplace_back(s, e);
    }
    forEachOnThreads(tasks.size(), threads, [&](std::size_t i) {
        const auto [s, e] = tasks[i];
        const MeasurementSet& set = m.sets[s];
        const auto values =
            predict(set, e, configFor(m.deployments[set.experiments[e].deployment], candidate));
        std::size_t next = 0;
        for (std::size_t r = 0; r < set.rows.size(); ++r) {
            if (set.rows[r].experiment == e) out[s][r] = values[next++];
        }
    });
    return out;
}

ErrorSummary summarise(const std::string& name, const MeasurementSet& set,
                       const std::vector<Values>& predicted,
                       const std::function<bool(const MeasuredRow&, Quantity)>& filter) {
    ErrorSummary out;
    out.name = name;
    std::array<double, kQuantities> counts{};
    for (std::size_t r = 0; r < set.rows.size(); ++r) {
        bool counted = false;
        for (std::size_t q = 0; q < kQuantities; ++q) {
            const auto quantity = static_cast<Quantity>(q);
            if (!set.rows[r].measured.has(quantity) || !filter(set.rows[r], quantity)) continue;
            out.rows += counted ? 0 : 1;
            counted = true;
            const double off =
                std::abs(predicted[r][quantity] / set.rows[r].measured[quantity] - 1.0);
            out.mean[q] += off;
            out.worst[q] = std::max(out.worst[q], off);
            counts[q] += 1.0;
        }
    }
    for (std::size_t q = 0; q < kQuantities; ++q) {
        out.mean[q] = counts[q] > 0.0 ? out.mean[q] / counts[q] : Values::nan();
        if (counts[q] == 0.0) out.worst[q] = Values::nan();
    }
    return out;
}

} // namespace penstock::sim
