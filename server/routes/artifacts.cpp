#include "server/routes/artifacts.hpp"

#include "server/problem.hpp"
#include "server/range.hpp"
#include "server/routes/builds.hpp"
#include "server/text.hpp"

#include <boost/json.hpp>

#include <chrono>

namespace texbuild::server {
namespace {

namespace json = boost::json;
constexpr std::chrono::seconds link_lifetime{300};

std::string_view media_type(std::string_view resource) {
  if (resource == "pdf") return "application/pdf";
  if (resource == "synctex") return "application/gzip";
  return "text/plain; charset=utf-8";
}

/// Whether there is something to link to.
result<void> can_download(const build_info& info, std::string_view resource, bool partial) {
  switch (info.status) {
    case build_status::pending:
    case build_status::compiling:
      return error(errc::invalid_input, "the build is not compiled yet; ask for its status first");
    case build_status::canceled:
      return error(errc::invalid_input, "the build was canceled before it was compiled");
    case build_status::expired:
      return error(errc::gone, "the build has expired; build it again");
    case build_status::failed:
      if (resource != "log" && !partial)
        return error(errc::compilation_failed,
                     info.message.empty() ? "the document has errors; see the log" : info.message);
      return {};
    default:
      return {};
  }
}

reply link(services& s, request& r) {
  const auto info = own_build(s, r);
  if (!info) return problem(info.error());
  const auto resource = r.parameter("resource").value_or("pdf");
  if (resource != "pdf" && resource != "synctex" && resource != "log")
    return problem(error(errc::invalid_input, "must be pdf, synctex or log").with_subject("resource"));
  const auto partial = parse_boolean(r.parameter("partial").value_or("false"));
  if (!partial) return problem(error(errc::invalid_input, "must be true or false").with_subject("partial"));
  if (const auto ready = can_download(*info, resource, *partial); !ready) return problem(ready.error());
  if (const auto there = s.builds.open_artifact(info->id, resource); !there) return problem(there.error());

  url_grant grant;
  grant.build_id = info->id;
  grant.resource = resource;
  grant.owner = info->owner;
  grant.expires_at = s.time.now() + link_lifetime;
  const auto token = s.links.sign(grant);
  json::object body;
  body["url"] = "/build/" + info->id + (resource == "pdf" ? "/pdf" : "/artifact/" + resource) + "?token=" + token;
  body["expires_in"] = link_lifetime.count();
  body["build_id"] = info->id;
  body["resource"] = resource;
  reply out;
  out.body = json::serialize(body);
  return out;
}

/// The file as the request wants it: whole, a part of it, or only the word that it has not changed.
reply send(const artifact& file, std::string_view resource, const request& r) {
  reply out;
  const auto size = file.bytes().size();
  const auto tag = '"' + file.bytes().tag() + '"';
  out.content_type = std::string(media_type(resource));
  out.headers.emplace_back("ETag", tag);
  out.headers.emplace_back("Accept-Ranges", "bytes");
  out.headers.emplace_back("Cache-Control", "private, no-cache");
  const auto unchanged = r.header("if-none-match");
  if (!unchanged.empty() && has_tag(unchanged, tag)) {
    out.status = 304;
    return out;
  }
  // A quote or an odd character in the name would end the plain form early; the second form has the true name.
  std::string plain;
  for (const char c : file.name()) plain += c > ' ' && c < '\x7f' && c != '"' && c != '\\' && c != '%' ? c : '_';
  out.headers.emplace_back("Content-Disposition", "inline; filename=\"" + plain + "\"; filename*=UTF-8''" +
                                                      percent_encode(valid_utf8(file.name())));
  const auto condition = r.header("if-range");
  const auto wanted = condition.empty() || condition == tag ? r.header("range") : std::string_view();
  const auto range = choose_range(wanted, size);
  if (range.what == range_answer::kind::none) {
    auto refused =
        problem(416, "invalid_input", "Range not satisfiable", "the file has " + std::to_string(size) + " bytes");
    refused.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return refused;
  }
  if (range.what == range_answer::kind::part) {
    out.status = 206;
    out.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.range.offset) + "-" +
                                                  std::to_string(range.range.offset + range.range.length - 1) + "/" +
                                                  std::to_string(size));
  }
  out.file.emplace();
  out.file->bytes = file.share();
  out.file->offset = range.range.offset;
  out.file->length = range.range.length;
  return out;
}

reply download(services& s, request& r, const std::string& resource) {
  const auto& id = r.captures.front();
  const auto grant = s.links.verify(r.parameter("token").value_or(""), id, resource, s.time.now());
  if (!grant) {
    auto too_often = s.rates.count_stranger(r);
    return too_often ? std::move(*too_often) : problem(grant.error());
  }
  if (auto too_often = s.rates.count_user(r, grant->owner, rate_class::download)) return std::move(*too_often);
  const auto info = s.builds.find(id);
  if (!info) return problem(info.error());
  if (info->owner != grant->owner) return problem(error(errc::forbidden, "the link is invalid or has expired"));
  const auto file = s.builds.open_artifact(id, resource);
  if (!file) return problem(file.error());
  return send(*file, resource, r);
}

reply log(services& s, request& r) {
  const auto info = own_build(s, r);
  if (!info) return problem(info.error());
  const auto file = s.builds.open_artifact(info->id, "log");
  if (!file) return problem(file.error());
  return send(*file, "log", r);
}

}  // namespace

std::vector<route> artifact_routes(services& s) {
  std::vector<route> all;
  all.emplace_back("GET", "/api/build/{id}/pdf/url", access::user, body_kind::none,
                   [&s](request& r) { return link(s, r); });
  all.emplace_back(
      "GET", "/api/build/{id}/log", access::user, body_kind::none, [&s](request& r) { return log(s, r); },
      rate_class::download);
  // Clients join the link to the base URL in three ways: with /api, without it, and by the resource's name.
  for (const char* base : {"/api", ""}) {
    const std::string build = std::string(base) + "/build/{id}";
    all.emplace_back("GET", build + "/pdf", access::link, body_kind::none,
                     [&s](request& r) { return download(s, r, "pdf"); });
    all.emplace_back("GET", build + "/artifact/{resource}", access::link, body_kind::none,
                     [&s](request& r) { return download(s, r, r.captures.at(1)); });
  }
  return all;
}

}  // namespace texbuild::server
