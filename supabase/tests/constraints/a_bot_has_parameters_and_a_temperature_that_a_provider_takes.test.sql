begin;
select plan(7);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');

select tests.violates(
  $$ update public.bots set params = '[1]' $$, 'bots', 'bots_params_are_an_object', 'a list is no set of parameters'
);
select tests.violates(
  $$ update public.bots set params = 'null' $$, 'bots', 'bots_params_are_an_object', 'nor is a null'
);
select tests.violates(
  $$ update public.bots set temperature = -0.1 $$, 'bots', 'bots_temperature_is_in_range', 'below 0 is too cold'
);
select tests.violates(
  $$ update public.bots set temperature = 2.1 $$, 'bots', 'bots_temperature_is_in_range', 'above 2 is too hot'
);
select tests.violates(
  $$ update public.bots set temperature = 'NaN' $$, 'bots', 'bots_temperature_is_in_range', 'what is no number is neither'
);
select lives_ok($$ update public.bots set temperature = 2 $$, '2 is not');
select lives_ok($$ update public.bots set temperature = null $$, 'none leaves it to the provider');

select * from finish();
rollback;
