begin; select plan(7);
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_share('bot', 'friend');
select tests.given_budget('day', 10);
-- What a start is answered where there is another budget, or two; it is undone.
create function pg_temp.tried(who text, budget text, other text) returns text language plpgsql as $$
declare
  v_answer jsonb;
begin
  execute format('select tests.given_budget(%s)', budget);
  execute format('select tests.given_budget(%s)', other);
  v_answer := tests.call_begin(who, 'first', bot => 'bot');
  raise sqlstate 'UNDO1' using message = coalesce(v_answer ->> 'code', v_answer ->> 'outcome');
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(tests.call_begin('owner', 'first') ->> 'code', 'budget_exceeded', 'that for everyone holds for the owner');
select is(pg_temp.tried(who, budget, other), wanted, description) from (values
  ('owner',  $$ 'day', 5000, owner => 'owner' $$, $$ 'month', 5000 $$, 'admitted', 'until there is one of the owner''s own'),
  ('friend', $$ 'day', 5000, owner => 'owner' $$, $$ 'month', 5000 $$, 'budget_exceeded', 'which is no other''s'),
  ('owner',  $$ 'day', owner => 'owner' $$, $$ 'month', 5000 $$, 'admitted', 'one without a limit limits nothing'),
  ('owner',  $$ 'day', 5000, owner => 'owner', bot => 'bot' $$, $$ 'month', 5000, owner => 'owner' $$, 'budget_exceeded',
    'one of another bot or period replaces nothing'),
  ('owner',  $$ 'day', 5000, owner => 'owner' $$, $$ 'day', 10, is_shared => true $$, 'budget_exceeded',
    'what all share holds for this user, too'),
  ('owner',  $$ 'day', 5000, owner => 'owner' $$, $$ 'day', 10000, is_shared => true $$, 'admitted', 'if it has no room')
) as m (who, budget, other, wanted, description);

select * from finish(); rollback;
