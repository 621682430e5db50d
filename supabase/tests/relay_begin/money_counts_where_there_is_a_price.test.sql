begin; select plan(9);
select tests.given_tale('owner');
select tests.given_usual_reply('bot', 1000);
select tests.given_bot('other bot', 'owner');
insert into relay.prices (host, model, input, output) values
  ('provider.example', 'model of bot', 0, 1000), ('provider.example', 'free', 0, 0);
savepoint start;

select tests.given_budget('month', cost => 3);
select tests.given_usage('owner', 10, cost => 1.5);
select is(tests.call_begin('owner', 'first', bot => 'bot') ->> 'outcome', 'admitted', 'an answer for 1 of 3 has room');
create temp table refusal as select tests.call_begin('owner', 'second', bot => 'bot') as answer;
select is(answer -> 'code', '"budget_exceeded"', 'the next one has not') from refusal;
select is((answer -> 'budget') - 'period' - 'is_shared' - 'is_for_bot', '{"unit": "cost", "limit": 3, "left": 0.5, "needed": 1}',
  'and says what is left of the money') from refusal;
select is(tests.call_begin('owner', 'second', bot => 'other bot') ->> 'outcome', 'admitted',
  'what has no price counts in tokens alone');
update public.bots set model = 'free' where id = tests.key('other bot');
update relay.budgets set cost = 0;
select is(tests.call_begin('owner', 'third', bot => 'other bot') ->> 'outcome', 'admitted',
  'and what costs nothing needs no money');

rollback to start; -- A budget of both.
select tests.given_budget('month', tokens => 100000, cost => 0.5);
select is(tests.call_begin('owner', 'first', bot => 'bot') -> 'budget' ->> 'unit', 'cost', 'the money may be what lacks');
update relay.budgets set tokens = 10, cost = 100;
select is(tests.call_begin('owner', 'first', bot => 'bot') -> 'budget' ->> 'unit', 'tokens', 'or the tokens');

rollback to start; -- The price of the start.
select tests.given_budget('month', cost => 3);
insert into relay.prices (host, model, input, output, valid_from) values
  ('provider.example', 'model of bot', 0, 9000, now() + interval '1 day');
select is(tests.call_begin('owner', 'first', bot => 'bot') ->> 'outcome', 'admitted', 'one of tomorrow says nothing yet');
update relay.prices set valid_from = valid_from - interval '2 days' where output = 9000;
delete from relay.prices where output = 1000;
select is(tests.call_begin('owner', 'second', bot => 'bot') ->> 'code', 'budget_exceeded', 'one of yesterday does');

select * from finish(); rollback;
