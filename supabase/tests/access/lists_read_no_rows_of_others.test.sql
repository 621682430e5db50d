begin; select plan(4);
-- Policies that ask a question of each row read the rows of all users: thousands of bots and shares of one user would
-- slow down the lists of all.
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.make_user('user ' || n) from generate_series(1, 100) as n;
insert into public.bots (user_id) select tests.id('user ' || n % 100 + 1) from generate_series(1, 3000) as n;
insert into public.bot_shares (bot_id, user_id) select b.id, b.user_id from public.bots b where b.id <> tests.key('bot');
insert into public.bot_shares (bot_id, user_id)
select b.id, tests.id('owner') from public.bots b where b.id <> tests.key('bot') limit 1;
analyze public.bots, public.bot_shares;
create function pg_temp.plan_of(query text) returns text language plpgsql as $$
declare
  v_line text;
  v_plan text := '';
begin
  for v_line in execute 'explain (costs off) ' || query loop
    v_plan := v_plan || v_line || e'\n';
  end loop;
  return v_plan;
end
$$;
select tests.sign_in_as('owner');
select is((select count(*) from public.bots), 2::bigint, 'the own bot and the shared one');
select is((select count(*) from public.bot_shares), 1::bigint, 'one share');
select doesnt_match(pg_temp.plan_of('select id, name from public.bots'), 'Seq Scan on bots', 'bots are found by an index');
select doesnt_match(pg_temp.plan_of('select * from public.bot_shares'), 'Seq Scan', 'and so are shares');

select * from finish(); rollback;
