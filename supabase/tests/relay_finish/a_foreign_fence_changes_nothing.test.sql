begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
create temp table before as select tests.everything() as everything;

select is(
  tests.call_finish('first', 'They lived.', fence => tests.id('foreign')),
  '{"status": "running", "finish_reason": null, "error_code": null, "message_id": null, "is_complete": false}',
  'it is told that the generation runs'
);
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(tests.call_finish('first') ->> 'status', 'completed', 'its own worker can still finish it');

select * from finish();
rollback;
