// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/transforms.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace penstock {
namespace {

namespace ondemand = simdjson::ondemand;

struct Field {
    std::string name;
    std::string value; // a string's text, else the JSON as it stands
    bool text = false;
};

// The top-level fields, the last of equal names, in order.
Result<std::vector<Field>> fieldsOf(std::string_view payload) {
    const auto broken = [] { return fail("the request body is not a JSON object"); };
    ondemand::parser parser;
    const simdjson::padded_string padded(payload);
    ondemand::document document;
    ondemand::object object;
    if (parser.iterate(padded).get(document) || document.get_object().get(object)) return broken();
    std::vector<Field> fields;
    for (auto member : object) {
        std::string_view name;
        ondemand::value value;
        if (member.unescaped_key().get(name)) return broken();
        Field field{std::string(name), {}, false};
        if (member.value().get(value)) return broken();
        ondemand::json_type type{};
        if (value.type().get(type)) return broken();
        std::string_view text;
        if (type == ondemand::json_type::string) {
            if (value.get_string().get(text)) return broken();
            field.text = true;
        } else if (simdjson::to_json_string(value).get(text)) {
            return broken();
        }
        // As Go decodes it: null is an empty string.
        if (type != ondemand::json_type::null) field.value = text;
        std::erase_if(fields, [&](const Field& other) { return other.name == field.name; });
        fields.push_back(std::move(field));
    }
    return fields;
}

const Field* textField(const std::vector<Field>& fields, std::string_view name) {
    for (const Field& field : fields) {
        if (field.name == name && field.text && !field.value.empty()) return &field;
    }
    return nullptr;
}

// A name in a header's quoted string: quotes and backslashes escaped, line ends in no case.
std::string quotedName(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\r') {
            out += "%0D";
        } else if (c == '\n') {
            out += "%0A";
        } else {
            out += c;
        }
    }
    return out;
}

// The same body for the same payload, so that a run can be repeated; different from every line
// within it.
std::string boundaryFor(std::string_view payload, const std::vector<Field>& fields) {
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    for (const char c : payload)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    for (;; ++hash) {
        std::string boundary = fmt::format("penstock-{:016x}", hash);
        const bool taken = std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
            return field.value.find(boundary) != std::string::npos ||
                   field.name.find(boundary) != std::string::npos;
        });
        if (!taken) return boundary;
    }
}

TransformedBody multipart(std::string_view payload, const std::vector<Field>& fields,
                          const std::string& url) {
    const std::string boundary = boundaryFor(payload, fields);
    TransformedBody out;
    const auto add = [&](std::string_view name, std::string_view value) {
        out.body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n",
                                boundary, quotedName(name), value);
    };
    add("url", url);
    for (const Field& field : fields) {
        if (field.name != "gcs_uri" && field.name != "file_base64") add(field.name, field.value);
    }
    out.body += fmt::format("--{}--\r\n", boundary);
    out.contentType = "multipart/form-data; boundary=" + boundary;
    return out;
}

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
                text.data() + i + 3) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::string queryValue(std::string_view url, std::string_view name) {
    const std::size_t question = url.find('?');
    if (question == std::string_view::npos) return {};
    std::string_view rest = url.substr(question + 1);
    rest = rest.substr(0, rest.find('#'));
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (decoded(pair.substr(0, equals)) != name) continue;
        return equals == pair.size() ? std::string() : decoded(pair.substr(equals + 1));
    }
    return {};
}

std::optional<std::int64_t> whole(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool ok = code == std::errc{} && !text.empty() && end == text.data() + text.size();
    return ok ? std::optional(value) : std::nullopt;
}

// "20260131T235959Z"
std::optional<double> compactTime(std::string_view text) {
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
    const auto part = [text](std::size_t at, std::size_t count) {
        const std::string_view digits = text.substr(at, count);
        return digits.find_first_not_of("0123456789") == std::string_view::npos ? whole(digits)
                                                                                : std::nullopt;
    };
    const auto y = part(0, 4), mo = part(4, 2), d = part(6, 2);
    const auto h = part(9, 2), mi = part(11, 2), s = part(13, 2);
    if (!y || !mo || !d || !h || !mi || !s || *h > 23 || *mi > 59 || *s > 59) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*y)},
                                           std::chrono::month{static_cast<unsigned>(*mo)},
                                           std::chrono::day{static_cast<unsigned>(*d)}};
    if (!date.ok()) return std::nullopt;
    const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
    return static_cast<double>(days * std::int64_t{86400} + *h * 3600 + *mi * 60 + *s);
}

} // namespace

std::optional<double> signedUrlExpiry(std::string_view url) {
    const std::string date = queryValue(url, "X-Goog-Date");
    const std::string expires = queryValue(url, "X-Goog-Expires");
    if (!date.empty() && !expires.empty()) {
        const auto start = compactTime(date);
        const auto seconds = whole(expires);
        if (!start || !seconds) return std::nullopt;
        return *start + static_cast<double>(*seconds);
    }
    if (const auto seconds = whole(queryValue(url, "Expires")))
        return static_cast<double>(*seconds);
    return std::nullopt;
}

Result<std::optional<TransformedBody>> TransformChain::apply(std::string_view payload,
                                                             const Labels& metadata,
                                                             double deadlineSeconds) const {
    const std::string* provider = findLabel(metadata, "provider");
    if (provider == nullptr) return std::nullopt;
    for (const TransformSpec& spec : specs_) {
        const auto& own = spec.providers;
        if (std::find(own.begin(), own.end(), *provider) == own.end()) continue;
        const auto refuse = [&spec](std::string_view message) {
            return fail(fmt::format("transform {}: {}", spec.name, message));
        };
        const auto fields = fieldsOf(payload);
        if (!fields) return refuse(fields.error().message);
        const Field* url = textField(*fields, "gcs_uri");
        if (url == nullptr) continue;
        // The protocol's deadlines are whole seconds there.
        const auto expiry = signedUrlExpiry(url->value);
        if (expiry && *expiry <= std::floor(deadlineSeconds)) {
            return refuse(fmt::format("the signed URL expires at {:.0f}, not after the request's "
                                      "deadline {:.0f} (Unix seconds)",
                                      *expiry, std::floor(deadlineSeconds)));
        }
        if (textField(*fields, "file_base64") != nullptr) {
            return refuse("file_base64 cannot be sent as a form; give gcs_uri alone");
        }
        return multipart(payload, *fields, url->value);
    }
    return std::nullopt;
}

} // namespace penstock
