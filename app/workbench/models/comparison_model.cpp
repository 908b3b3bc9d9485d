// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/models/comparison_model.h"

#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <cmath>

namespace penstock::app {
namespace {

QString valueText(const Json& value) {
    if (value.is_null()) return QStringLiteral("–");
    if (value.is_number()) return text(numberLabel(value.get<double>()));
    if (value.is_boolean()) return value.get<bool>() ? QObject::tr("yes") : QObject::tr("no");
    if (value.is_string()) return text(value.get<std::string>());
    return text(value.dump());
}
QVariant sortable(const Json& value) {
    return value.is_number() ? QVariant(value.get<double>()) : QVariant(-1e300);
}
bool bothNumbers(const CompareRow& r) {
    return r.a.is_number() && r.b.is_number();
}
QString signedNumber(double v) {
    const QString plain = text(numberLabel(std::abs(v)));
    return v == 0 ? QStringLiteral("0")
                  : (v > 0 ? QStringLiteral("+") : QStringLiteral("−")) + plain;
}
QString percent(double share) {
    return signedNumber(std::round(share * 1000) / 10) + QStringLiteral(" %");
}

std::vector<ColumnSpec<CompareRow>> metricColumns() {
    using R = CompareRow;
    return {
        {QObject::tr("Metric"), QObject::tr("Its path in the report"),
         [](const R& r) { return text(r.path); }},
        {QObject::tr("A"),
         {},
         [](const R& r) { return valueText(r.a); },
         [](const R& r) { return sortable(r.a); },
         true},
        {QObject::tr("B"),
         {},
         [](const R& r) { return valueText(r.b); },
         [](const R& r) { return sortable(r.b); },
         true},
        {QObject::tr("B − A"), QObject::tr("Absolute change"),
         [](const R& r) { return bothNumbers(r) ? signedNumber(r.abs) : QString(); },
         [](const R& r) { return QVariant(bothNumbers(r) ? std::abs(r.abs) : -1.0); }, true},
        {QObject::tr("Change"), QObject::tr("Relative to A"),
         [](const R& r) {
             return bothNumbers(r) && r.a.get<double>() != 0 ? percent(r.rel) : QString();
         },
         [](const R& r) { return QVariant(bothNumbers(r) ? std::abs(r.rel) : -1.0); }, true,
         [](const R& r) { return r.beyondNoise ? plainTone : weakTone; }},
        {QObject::tr("Beyond noise"),
         QObject::tr("The difference is larger than chance would make it"),
         [](const R& r) { return r.beyondNoise ? QObject::tr("yes") : QString(); },
         [](const R& r) { return QVariant(r.beyondNoise ? 1 : 0); }, false,
         [](const R& r) { return r.beyondNoise ? warningTone : plainTone; }},
    };
}

QString valueOf(double v, const std::string& unit) {
    if (std::isnan(v)) return QObject::tr("not there");
    return (text(numberLabel(v)) + QLatin1Char(' ') + text(unit)).trimmed();
}

std::vector<ColumnSpec<ParameterDifference>> differenceColumns() {
    using R = ParameterDifference;
    return {
        {QObject::tr("Of"), QObject::tr("Whose parameter it is"),
         [](const R& r) { return text(r.owner); }},
        {QObject::tr("Parameter"), {}, [](const R& r) { return text(r.name); }},
        {QObject::tr("A"), {}, [](const R& r) { return valueOf(r.a, r.unit); }, nullptr, true},
        {QObject::tr("B"), {}, [](const R& r) { return valueOf(r.b, r.unit); }, nullptr, true},
    };
}

} // namespace

MetricModel::MetricModel(QObject* parent)
    : RowModel(
          metricColumns(), [](const CompareRow& r) { return QVariant(text(r.path)); }, parent) {}

DifferenceModel::DifferenceModel(QObject* parent)
    : RowModel(
          differenceColumns(), [](const ParameterDifference& r) { return QVariant(text(r.path)); },
          parent) {}

} // namespace penstock::app
