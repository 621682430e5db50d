begin;
select plan(4);

select tests.make_user(name) from unnest(array['owner', 'stranger']) as name;
select tests.given_expired('own', 'owner');
select tests.given_expired('strange', 'stranger');

select is(tests.call_sweep('owner'), '{"closed": 1, "pruned": 0}', 'one is ended');
select results_eq(
  'select stream_id, status from relay.generations order by stream_id',
  $$ values ('own', 'interrupted'), ('strange', 'running') $$, 'that user''s'
);
select is(relay.text_of('strange'), 'Once', 'the other one keeps its text');
select is(tests.call_sweep() ->> 'closed', '1', 'without a name it is all of them');

select * from finish();
rollback;
