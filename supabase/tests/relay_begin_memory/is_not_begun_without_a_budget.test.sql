begin; select plan(6);
select tests.given_tale('owner');
update public.bots set memory = true;
select tests.given_usual_reply('bot', 500);
savepoint start;

select tests.given_budget('day', 1500);
select is(tests.call_begin_memory('owner', 'memory', 'first answer') ->> 'outcome', 'admitted', 'a memory with a budget begins');
select ok(tests.held_by('memory') > 500, 'and holds what it is expected to need');
select is(tests.call_begin_memory('owner', 'memory', 'first answer') ->> 'outcome', 'admitted', 'once, if it is asked again');
select is(tests.call_begin('owner', 'first', bot => 'bot') ->> 'outcome', 'admitted', 'an answer holds its own');
select is(tests.call_begin_memory('owner', 'other', 'other answer') ->> 'code', 'budget_exceeded',
  'without one it is not written');

rollback to start;
select tests.given_budget('day', 10);
select is(tests.call_begin_memory('owner', 'memory', 'first answer') ->> 'outcome', 'refused', 'and leaves no row');

select * from finish(); rollback;
