#include "tools/demo_life.h"

namespace jangbu::tools {
namespace {

// Each fault stands alone: a day in the year when it begins, data that nothing else uses. What follows from it is
// listed where it is planted. An output that was refused and departs all the same is also an uncleared departure
// (EXP-1).
class Planter {
 public:
  explicit Planter(DemoLife& life)
      : life_(life),
        project_(life.project("bioai", "planted", {"hanbit", "saebyeok", "dowon"}, 4 * kDay)),
        day_(12 * kDay) {}

  std::vector<ExpectedFinding> plant() {
    plant_purge();
    plant_export();
    return std::move(expected_);
  }

 private:
  void plant_purge();
  void plant_export();

  void expect(std::string rule, const std::string& about) { expected_.push_back({std::move(rule), about}); }
  // Faults begin some days apart, at nine in the morning.
  YearSecond next_day() { return (day_ += 4 * kDay) + 9 * kHour; }
  DemoDataset dataset(std::string_view local, YearSecond at, int ttl_days = 60) {
    return life_.dataset(project_, "hanbit", "planted-" + std::string(local), at, ttl_days);
  }
  // An analysis on a dataset of its own, whose end is as it should be, and an export request for its output.
  DemoExport request(const std::string& local, YearSecond at, DemoOutput wanted, std::string_view destination = {}) {
    const DemoDataset used = dataset(local, at);
    const DemoOutput output = life_.analysis(project_, used, "planted-" + local, at + 2 * kDay, std::move(wanted));
    life_.end(used, at + 10 * kDay);
    return life_.request(project_, "planted-" + local, output, at + 4 * kDay, destination);
  }
  // Accepted by all who must, refused by the check for the planted reason, and gone all the same.
  void refused_and_gone(const DemoExport& exported, std::string_view rule, bool sites = true,
                        bool about_output = true) {
    life_.accept(exported, exported.requested + kDay, sites);
    life_.depart(exported, exported.requested + 2 * kDay);
    expect("EXP-1", exported.id);
    expect(std::string(rule), about_output ? exported.output.id : exported.id);
  }

  DemoLife& life_;
  DemoProject project_;
  YearSecond day_;
  std::vector<ExpectedFinding> expected_;
};

void Planter::plant_purge() {
  YearSecond at = next_day();
  {
    const DemoDataset late = dataset("overdue", at, 30);
    life_.end(late, at + 35 * kDay);  // five days after it expired
    expect("PUR-1", late.id);
  }
  at = next_day();
  {
    DemoDataset two = dataset("incomplete", at);
    life_.copy(two, at + 2 * kDay);
    life_.purge(two, at + 20 * kDay, {two.copies[0]});
    life_.probe(two, two.copies[0].location, at + 20 * kDay + 3 * kHour);
    life_.purge(two, at + 24 * kDay, {two.copies[1]});
    life_.probe(two, two.copies[1].location, at + 24 * kDay + 3 * kHour);
    expect("PUR-2", two.id);
  }
  at = next_day();
  {
    const DemoDataset there = dataset("contradicted", at);
    life_.purge(there, at + 20 * kDay, there.copies);
    life_.probe(there, there.copies[0].location, at + 20 * kDay + 3 * kHour, "present");
    expect("PUR-3", there.id);
  }
  at = next_day();
  {
    const DemoDataset used = dataset("used-after", at);
    life_.end(used, at + 20 * kDay);
    life_.access(project_, used, at + 23 * kDay);
    expect("PUR-4", used.id);
  }
  at = next_day();
  {
    const DemoDataset other = dataset("manifest", at);
    life_.purge(other, at + 20 * kDay, other.copies, life_.random().digest());
    life_.probe(other, other.copies[0].location, at + 20 * kDay + 3 * kHour);
    expect("PUR-5", other.id);
  }
  at = next_day();
  {
    const DemoDataset unseen = dataset("unprobed", at);
    life_.purge(unseen, at + 20 * kDay, unseen.copies);
    expect("PUR-6", unseen.id);
  }
  at = next_day();
  {
    const DemoDataset longer = dataset("too-long", at, 200);  // the grant allows 180 days
    life_.end(longer, at + 20 * kDay);
    expect("PUR-7", longer.id);
  }
  at = next_day();
  {
    const DemoDataset held = dataset("held", at);
    life_.hold(held, at + 10 * kDay, at + 25 * kDay);
    life_.end(held, at + 20 * kDay);
    expect("PUR-8", held.id);
  }
  at = next_day();
  {
    DemoDataset unknown;  // never announced
    unknown.site = "hanbit";
    unknown.id = local_id("hanbit", "ds-planted-unknown");
    life_.probe(unknown, Json{{"environment", "hanbit/cloud"}, {"token", "t-unknown"}}, at);
    expect("PUR-9", unknown.id);
  }
  at = next_day();
  {
    const DemoDataset known = dataset("identified", at);
    life_.identified(known, at + 10 * kDay);
    life_.end(known, at + 13 * kDay);  // 24 hours were allowed
    expect("PUR-10", known.id);
  }
}

void Planter::plant_export() {
  YearSecond at = next_day();
  {
    const DemoExport revoked = request("revoked", at, DemoLife::statistics());
    life_.accept(revoked, revoked.requested + kDay);
    life_.emit(revoked.requested + 2 * kDay, shared_ledger("hanbit"), "export.revoked", "board",
               Json{{"export", revoked.id}, {"reason", "site-objection"}});
    life_.depart(revoked, revoked.requested + 3 * kDay);
    expect("EXP-1", revoked.id);
  }
  at = next_day();
  {
    const DemoExport changed = request("changed", at, DemoLife::statistics());
    life_.accept(changed, changed.requested + kDay);
    life_.depart(changed, changed.requested + 2 * kDay, life_.random().digest());
    expect("EXP-2", changed.output.id);
  }
  at = next_day();
  {
    DemoOutput figure = DemoLife::statistics();  // a figure is not among the permit's outputs
    figure.kind = "figure";
    figure.format = "png";
    refused_and_gone(request("kind", at, figure), "EXP-3");
  }
  at = next_day();
  {
    // The site accepts, and a researcher of the project, who may not; the platform rejects; it leaves all the same.
    const DemoExport checked = request("checkers", at, DemoLife::statistics());
    life_.check(checked, "hanbit", life_.site_checker("hanbit"), "accept", checked.requested + kDay);
    life_.check(checked, kPlatform, project_.people[1], "accept", checked.requested + kDay + kHour);
    life_.check(checked, kPlatform, life_.checker(0), "reject", checked.requested + 2 * kDay);
    life_.depart(checked, checked.requested + 3 * kDay);
    expect("EXP-1", checked.id);
    expect("EXP-4", checked.id);
  }
  at = next_day();
  {
    DemoOutput small = DemoLife::statistics();
    small.smallest_cell = 3;
    refused_and_gone(request("cell", at, small), "EXP-5");
  }
  at = next_day();
  {
    DemoOutput unknown = DemoLife::statistics();  // no analysis made it
    unknown.id = local_id("hanbit", "out-planted-lineage");
    unknown.digest = life_.random().digest();
    refused_and_gone(life_.request(project_, "planted-lineage", unknown, at), "EXP-6", false);
  }
  at = next_day();
  refused_and_gone(request("destination", at, DemoLife::statistics(), "carelab"), "EXP-7", true, false);
  at = next_day();
  {
    DemoOutput large = DemoLife::statistics();
    large.bytes = std::int64_t{20} << 20;  // 16 MiB are allowed
    refused_and_gone(request("size", at, large), "EXP-8");
  }
  at = next_day();
  {
    const DemoExport stale = request("stale", at, DemoLife::statistics());
    life_.accept(stale, stale.requested + kDay);
    life_.depart(stale, stale.requested + 41 * kDay);  // 30 days were given
    expect("EXP-9", stale.id);
  }
  at = next_day();
  {
    const DemoExport waiting = request("waiting", at, DemoLife::statistics());
    life_.accept(waiting, waiting.requested + 9 * kDay);
    expect("EXP-10", waiting.id);
  }
  at = next_day();
  {
    const DemoDataset one = dataset("combined-1", at);
    const DemoDataset two = life_.dataset(project_, "saebyeok", "planted-combined-2", at, 60);
    const DemoDataset combined = life_.combine(project_, "planted-combined", {one, two}, at + 2 * kDay);
    DemoOutput output = life_.analysis(project_, combined, "planted-combined", at + 3 * kDay, DemoLife::statistics());
    output.sites = {"hanbit", "saebyeok"};
    for (const DemoDataset& used : {one, two, combined}) life_.end(used, at + 12 * kDay);
    refused_and_gone(life_.request(project_, "planted-combined", output, at + 5 * kDay), "EXP-11", true, false);
  }
  at = next_day();
  {
    const DemoDataset used = dataset("untested", at);
    const DemoOutput update =
        life_.analysis(project_, used, "planted-untested", at + 2 * kDay, DemoLife::update("planted-untested"));
    const DemoOutput model = life_.aggregate(project_, "planted-untested", {update}, at + 3 * kDay);
    life_.end(used, at + 10 * kDay);
    refused_and_gone(life_.request(project_, "planted-untested", model, at + 4 * kDay, {}, false), "EXP-12");
  }
  at = next_day();
  {
    // The site is asked too late: the output has left when it accepts.
    const DemoExport early = request("site", at, DemoLife::statistics());
    life_.accept(early, early.requested + kDay, false);
    life_.depart(early, early.requested + 2 * kDay);
    life_.check(early, "hanbit", life_.site_checker("hanbit"), "accept", early.requested + 4 * kDay);
    expect("EXP-1", early.id);
    expect("EXP-13", early.output.id);
  }
}

}  // namespace

std::vector<ExpectedFinding> plant_faults(DemoLife& life) { return Planter(life).plant(); }

}  // namespace jangbu::tools
