begin; select plan(2);
select tests.make_user('owner');
insert into relay.models (endpoint, model, bytes_per_token, updated_at)
  values ('old', 'model', 3, now() - interval '31 days'), ('new', 'model', 3, now());
select tests.call_sweep('owner');
select is(count(*), 2::bigint, 'a sweep for one user leaves what is everybody''s') from relay.models;
select tests.call_sweep();
select results_eq('select endpoint from relay.models', array['new'], 'what is older than the retention is pruned');

select * from finish(); rollback;
